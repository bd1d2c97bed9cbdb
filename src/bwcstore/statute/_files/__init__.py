"""From files to values: packs, agency files, fact files and case files."""
