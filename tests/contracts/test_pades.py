"""The PDF and its signatures, without a database."""

import random
from datetime import UTC, datetime

import pypdfium2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from app.contracts import pades, printing, verification
from app.contracts.authorities import Holder, SandboxAuthority, is_holder

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
CODE = "91110000600037341L"
TEXT = "技术许可合同\n\n第一条 合同标的\n" + "钙钛矿太阳能电池的制备方法,效率不低于 25%。\n" * 60


@pytest.fixture(scope="module")
def authority() -> SandboxAuthority:
    return SandboxAuthority(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture(scope="module")
def plain() -> bytes:
    printed = printing.Printed(
        "钙钛矿", "0001", 1, TEXT, "ab" * 32, AT, (("卖方", "甲大学"), ("买方", "乙公司"))
    )
    assert printing.contract(printed) == printing.contract(printed)
    return pades.with_fields(printing.contract(printed), ["seller", "buyer"])


@pytest.fixture(scope="module")
def signed(authority: SandboxAuthority, plain: bytes) -> bytes:
    document = plain
    for field, name in (("seller", "甲大学"), ("buyer", "乙公司")):
        prepared = pades.prepare(document, field, "contract 0001", name)
        signer = authority.signer(Holder(name, CODE, "张三"))
        document = pades.fill(prepared, pades.sign_digest(signer, prepared.digest))
    return document


def passed(document: bytes, authority: SandboxAuthority) -> bool:
    pem = authority.root.public_bytes(Encoding.PEM)
    return all(check.passed for check in verification.verify(document, pem))


def test_the_pdf_has_chinese_text_page_numbers_and_ink(plain: bytes) -> None:
    pages = [page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(plain)]
    assert len(pages) == 2
    assert "技术许可合同" in pages[0]
    assert "".join(pages).count("效率不低于 25%") == 60
    for number, page in enumerate(pages, start=1):
        assert f"第 {number} 页 / 共 2 页" in page
    assert "卖方(电子签名):甲大学" in pages[-1]
    image = pypdfium2.PdfDocument(plain)[0].render(scale=1).to_pil().convert("L")
    dark = sum(image.histogram()[:128])
    assert dark > 5_000


def test_the_validator_says_who_signed_when(signed: bytes, authority: SandboxAuthority) -> None:
    seller, buyer = pades.verify(signed, [authority.root])
    assert (seller.good, buyer.good) == (True, True)
    assert (seller.covers_file, buyer.covers_file) == (False, True)
    assert seller.claimed_at is not None
    assert buyer.claimed_at is not None
    assert AT < seller.claimed_at <= buyer.claimed_at
    assert is_holder(seller.names, "甲大学", "none")
    assert is_holder(buyer.names, "none", CODE)
    assert not is_holder(buyer.names, "甲大学", "none")
    assert "TEST CA" in seller.issuer
    assert passed(signed, authority)


def test_an_unknown_root_and_a_missing_signature_are_told(
    plain: bytes, signed: bytes, authority: SandboxAuthority
) -> None:
    stranger = SandboxAuthority(ec.generate_private_key(ec.SECP256R1()))
    assert [one.trusted for one in pades.verify(signed, [stranger.root])] == [False, False]
    pem = authority.root.public_bytes(Encoding.PEM)
    told = {check.name: check for check in verification.verify(plain, pem)}
    assert (told["complete"].passed, told["complete"].finding) == (
        False,
        "not signed: seller, buyer",
    )
    assert [check.name for check in verification.verify(b"no pdf", pem)] == ["form"]


def test_one_byte_changed_anywhere_is_found(signed: bytes, authority: SandboxAuthority) -> None:
    """Bytes of every part: the page, both revisions, both CMS objects, their padding, the end."""
    last = signed.rfind(b"/Contents <")
    rng = random.Random(7)
    places = [rng.randrange(len(signed)) for _ in range(16)]
    places += [last + 11 + offset for offset in (0, 57, 63, 71, 77, 85, 400, 3_000, 9_000)]
    places += [len(signed) - 1, len(signed) - 8, 10]
    missed = []
    for place in places:
        changed = bytearray(signed)
        changed[place] ^= 1
        if passed(bytes(changed), authority):
            missed.append(place)
    assert missed == []
    assert not passed(signed + b"%", authority)


def test_only_a_signature_over_the_digest_is_taken(
    plain: bytes, authority: SandboxAuthority
) -> None:
    prepared = pades.prepare(plain, "seller", "x", "甲大学")
    signer = authority.signer(Holder("甲大学", CODE, "张三"))
    other = pades.sign_digest(signer, b"\1" * 32)
    with pytest.raises(pades.BadSignature, match="another digest"):
        pades.fill(prepared, other)
    with pytest.raises(pades.BadSignature, match="not a CMS"):
        pades.fill(prepared, b"\x30\x03\x02\x01\x01")
