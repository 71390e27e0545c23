"""Code lists as product data: regions, industries, IPC, fields, contract classes and the rest.

Every list names its origin, licence and edition, and says whether it must still be verified.
"""

from app.kit.codes.geography import Region, province_of, region
from app.kit.codes.institutions import University, universities
from app.kit.codes.lists import (
    all_lists,
    code_list,
    industries,
    ipc,
    list_names,
    regions,
    university_list,
)
from app.kit.codes.model import Code, CodeList, UnknownCode
from app.kit.codes.patents import field_of_ipc, ipc_title

__all__ = [
    "Code",
    "CodeList",
    "Region",
    "University",
    "UnknownCode",
    "all_lists",
    "code_list",
    "field_of_ipc",
    "industries",
    "ipc",
    "ipc_title",
    "list_names",
    "province_of",
    "region",
    "regions",
    "universities",
    "university_list",
]
