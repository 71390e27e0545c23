"""Texts that parties bring as files: the text of a PDF, or a plain text file. Pure.

A Word file is not taken: its numbering of articles is not in its text, so that what is signed would
not be what was read. Saved as PDF it is.
"""

from threading import Lock

import pypdfium2

from app.contracts.errors import TextFileEmpty, TextFileNotRead, TextFileTooLong

LONGEST = 200_000
MOST_PAGES = 400
_KINDS = ("PDF", "TXT (UTF-8)")
_ONE_AT_A_TIME = Lock()
"""PDFium is not made for threads."""


def text_of(content: bytes) -> str:
    """The text of a file by its content, not by its name; line ends and blanks made plain.

    It takes a while for long files: call it in a thread. Raises TextFileNotRead, TextFileEmpty (a
    scanned PDF has no text) and TextFileTooLong.
    """
    text = _of_pdf(content) if content.startswith(b"%PDF-") else _plain(content)
    text = text.replace("\ufffe", "").replace("\x00", "")
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    plain = "\n".join(lines).strip("\n")
    if not plain.strip():
        raise TextFileEmpty(field="body.file")
    if len(plain) > LONGEST:
        raise TextFileTooLong(field="body.file", length=len(plain), longest=LONGEST)
    return plain


def _of_pdf(content: bytes) -> str:
    with _ONE_AT_A_TIME:
        try:
            document = pypdfium2.PdfDocument(content)
        except pypdfium2.PdfiumError as error:
            raise TextFileNotRead(field="body.file", reason=str(error), kinds=_KINDS) from None
        try:
            if len(document) > MOST_PAGES:
                raise TextFileTooLong(field="body.file", length=len(document), longest=MOST_PAGES)
            return "\n".join(page.get_textpage().get_text_range() for page in document)
        except pypdfium2.PdfiumError as error:
            raise TextFileNotRead(field="body.file", reason=str(error), kinds=_KINDS) from None
        finally:
            document.close()


def _plain(content: bytes) -> str:
    if content.startswith(b"PK\x03\x04"):
        raise TextFileNotRead(field="body.file", reason="docx", kinds=_KINDS)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise TextFileNotRead(field="body.file", reason="not UTF-8", kinds=_KINDS) from None
    if "\x00" in text:
        raise TextFileNotRead(field="body.file", reason="binary", kinds=_KINDS)
    return text
