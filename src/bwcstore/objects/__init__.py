"""Evidence objects: geometry, manifests, and what their sealed parts say."""

from bwcstore.objects._manifest import Manifest
from bwcstore.objects._parts import ContentPart, Facts, FileName, RecordPart, SourceName
from bwcstore.objects._reader import ObjectReader
from bwcstore.objects._segment import Geometry, Shape
from bwcstore.objects._writer import ObjectKeys, ObjectWriter, Written

__all__ = [
    "ContentPart",
    "Facts",
    "FileName",
    "Geometry",
    "Manifest",
    "ObjectKeys",
    "ObjectReader",
    "ObjectWriter",
    "RecordPart",
    "Shape",
    "SourceName",
    "Written",
]
