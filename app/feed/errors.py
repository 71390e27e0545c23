"""Refusals of the feed."""

from app.kit.errors import BadRequest, Conflict


class BadOffset(BadRequest):
    """The offset was not made by this API."""

    code = "bad_offset"
    zh = "偏移量无效:请使用本接口返回的 next_offset、latest,或不带 offset 从头读取"
    en = "The offset is not valid; use a next_offset of this API, `latest`, or none for the start"


class UnknownOffset(Conflict):
    """The offset is of another feed: of another database, or of one that a backup replaced."""

    code = "unknown_offset"
    zh = "此变更流中没有该偏移量(数据可能已从备份恢复):请重新读取对象,再从头或从 latest 读取变更"
    en = (
        "This feed has no such offset; it is another one, or was restored from a backup."
        " Read the objects anew, and go on from the start or from `latest`"
    )
