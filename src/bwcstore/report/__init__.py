"""Documents for people, as pages that need nothing beside them (extra `report`)."""

from bwcstore.report._certificate_page import certificate_page

__all__ = ["certificate_page"]
