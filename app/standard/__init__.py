"""The information-publication standard (信息发布标准): how offers and requests are written."""
