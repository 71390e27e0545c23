"""PAdES signatures on the PDF of a text, by pyHanko: prepare, fill in, and verify. No I/O.

The document gets an empty signature field for each signer before the first one signs, so that a
later signature changes nothing that an earlier one covers. What is signed is prepared first and
gives a digest; the CMS object over that digest may be made anywhere, so that private keys need not
reach the platform (deferred signing). These functions take a while: call them in a thread.
"""

import asyncio
import binascii
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from io import BytesIO

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import ExternalSigner, PdfSignatureMetadata, PdfSigner, Signer
from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.validation import SignatureCoverageLevel, async_validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import ValidationError as ChainError

# What the validator finds is told in `Found`; its log has the same with a traceback each.
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

ALGORITHM = "sha256"
# What the parsers raise on bytes that somebody changed.
_MALFORMED = (
    PdfError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    NotImplementedError,
    RecursionError,
    OSError,
)
RESERVED_BYTES = 32_768
"""Room for the hexadecimal digits of one CMS object: 16 KiB with its certificates."""


class BadSignature(ValueError):
    """The CMS object is not a signature over the digest that was to be signed; says why."""


@dataclass(frozen=True)
class Prepared:
    """A document with room for one signature; `digest` is the SHA-256 that is to be signed."""

    document: bytes
    digest: bytes
    start: int
    end: int


@dataclass(frozen=True)
class Found:
    """One signature in a document and what the validator says of it.

    `field` is the signature field, `reason` what the signer stated. `subject`, `names` and
    `issuer` are the certificate's; `claimed_at` is the time that the signer's machine wrote.
    `intact`: what it covers is unchanged and the key is the certificate's. `trusted`: the chain
    leads to a trusted root, at the time claimed. `last` covers the whole file.
    """

    field: str
    reason: str
    subject: str
    names: tuple[str, ...]
    issuer: str
    serial: str
    certificate_sha256: str
    claimed_at: datetime | None
    intact: bool
    trusted: bool
    unchanged_since: bool
    covers_file: bool
    problem: str

    @property
    def good(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.intact and self.trusted and self.unchanged_since


def with_fields(document: bytes, fields: Sequence[str]) -> bytes:
    """The document with an empty, invisible signature field for each signer."""
    writer = IncrementalPdfFileWriter(BytesIO(document))
    for name in fields:
        append_signature_field(writer, SigFieldSpec(sig_field_name=name))
    output = BytesIO()
    writer.write(output)  # type: ignore[no-untyped-call]
    return output.getvalue()


def prepare(document: bytes, field: str, reason: str, name: str) -> Prepared:
    """Make room for a signature in a field, and tell the digest that is to be signed."""
    meta = PdfSignatureMetadata(
        field_name=field,
        md_algorithm=ALGORITHM,
        subfilter=SigSeedSubFilter.PADES,
        reason=reason,
        name=name,
    )
    # No certificate is known yet: whoever holds the key makes the CMS object.
    signer = PdfSigner(meta, signer=ExternalSigner(None, None, signature_value=256))
    writer = IncrementalPdfFileWriter(BytesIO(document))
    digest, _, output = asyncio.run(
        signer.async_digest_doc_for_signing(
            writer, existing_fields_only=True, bytes_reserved=RESERVED_BYTES
        )
    )
    return Prepared(
        document=output.getvalue(),  # type: ignore[attr-defined]
        digest=digest.document_digest,
        start=digest.reserved_region_start,
        end=digest.reserved_region_end,
    )


def sign_digest(signer: Signer, digest: bytes, at: datetime) -> bytes:
    """The CMS object over a digest, in DER: what the holder of a key makes."""
    made: cms.ContentInfo = asyncio.run(
        signer.async_sign(
            digest,
            ALGORITHM,
            use_pades=True,
            signed_attr_settings=PdfCMSSignedAttributes(signing_time=at),
        )
    )
    return bytes(made.dump())


def fill(prepared: Prepared, signature: bytes) -> bytes:
    """The document with the CMS object in its place.

    Raises BadSignature unless it is one in DER over the very digest, with one signer and its
    certificate, and small enough.
    """
    try:
        content = cms.ContentInfo.load(signature, strict=True)
        if content["content_type"].native != "signed_data":
            raise BadSignature("the CMS object is not SignedData")
        signed = content["content"]
        [info] = signed["signer_infos"]
        digests = [
            attribute["values"][0].native
            for attribute in info["signed_attrs"]
            if attribute["type"].native == "message_digest"
        ]
        certificates = len(signed["certificates"])
    except BadSignature:
        raise
    except (ValueError, TypeError, KeyError) as error:
        raise BadSignature(f"not a CMS signature in DER with one signer: {error}") from None
    if digests != [prepared.digest]:
        raise BadSignature("the signature is over another digest")
    if not certificates:
        raise BadSignature("the signer's certificate is not in the CMS object")
    place = PreparedByteRangeDigest(prepared.digest, prepared.start, prepared.end)
    output = BytesIO(prepared.document)
    try:
        place.fill_with_cms(output, signature)
    except (SigningError, ValueError, OSError) as error:
        raise BadSignature(f"the CMS object is too large: {error}") from None
    return output.getvalue()


def verify(document: bytes, roots: Sequence[x509.Certificate]) -> list[Found]:
    """Every signature in a document in their order, checked against trusted roots.

    Raises ValueError when the bytes are not a PDF that can be read. Chains are checked at the time
    that the signature claims; revocation is not asked for.
    """
    try:
        reader = PdfFileReader(BytesIO(document), strict=True)
        embedded = list(reader.embedded_signatures)
        anchors = [asn1_x509.Certificate.load(root.public_bytes(Encoding.DER)) for root in roots]
        found = [asyncio.run(_check(one, anchors)) for one in embedded]
    except _MALFORMED as error:
        raise ValueError(f"the document cannot be read: {error}") from None
    return found


async def _check(embedded: EmbeddedPdfSignature, anchors: Sequence[asn1_x509.Certificate]) -> Found:
    certificate = embedded.signer_cert
    claimed = embedded.self_reported_timestamp
    context = ValidationContext(
        trust_roots=list(anchors),
        allow_fetching=False,
        revocation_mode="soft-fail",
        moment=claimed,
    )
    intact = trusted = unchanged = covers = False
    problem = ""
    try:
        status = await async_validate_pdf_signature(
            embedded, signer_validation_context=context, ts_validation_context=context
        )
        intact = status.intact and status.valid and _is_plain(embedded)
        trusted = status.trusted
        if status.validation_path is not None and trusted:
            chain = {one.dump() for one in status.validation_path.iter_certs(include_root=True)}
            intact = intact and all(one.dump() in chain for one in embedded.other_embedded_certs)
        covers = status.coverage is SignatureCoverageLevel.ENTIRE_FILE
        unchanged = covers or (
            status.coverage is SignatureCoverageLevel.ENTIRE_REVISION and bool(status.docmdp_ok)
        )
        problem = _problem(intact=intact, trusted=trusted, unchanged=unchanged)
    except (SignatureValidationError, ChainError, *_MALFORMED) as error:
        problem = f"the signature cannot be checked: {error}"
    return Found(
        field=embedded.field_name,
        reason=str(embedded.sig_object.get("/Reason", "")),
        subject=certificate.subject.human_friendly,
        names=_names(certificate.subject),
        issuer=certificate.issuer.human_friendly,
        serial=f"{certificate.serial_number:x}",
        certificate_sha256=sha256(certificate.dump()).hexdigest(),
        claimed_at=claimed,
        intact=intact,
        trusted=trusted,
        unchanged_since=unchanged,
        covers_file=covers,
        problem=problem,
    )


def _is_plain(embedded: EmbeddedPdfSignature) -> bool:
    """Whether the place of the signature holds nothing but it: upper case digits, then zeros.

    Those bytes are the only ones that the signature does not cover.
    """
    start = embedded.byte_range[1]
    end = embedded.byte_range[2]
    stream = embedded.reader.stream
    stream.seek(start)
    place = stream.read(end - start)
    if place[:1] != b"<" or place[-1:] != b">" or place != place.upper():
        return False
    try:
        raw = binascii.unhexlify(place[1:-1])
        signed = cms.ContentInfo.load(raw)
        size = len(signed.dump())
    except ValueError:
        return False
    return not raw[size:].strip(b"\0") and _is_canonical(signed["content"])


def _is_canonical(signed: cms.SignedData) -> bool:
    """Whether the parts of the CMS object that its signature leaves open say what they must.

    They are the version, the list of digest algorithms, and the type of a content that is absent.
    """
    [info] = signed["signer_infos"]
    own = info["digest_algorithm"].dump()
    content = signed["encap_content_info"]
    return (
        signed["version"].native in {"v1", "v3"}
        and [one.dump() for one in signed["digest_algorithms"]] == [own]
        and content["content_type"].native == "data"
        and content["content"].native is None
    )


def _problem(*, intact: bool, trusted: bool, unchanged: bool) -> str:
    if not intact:
        return "the document or the signature was changed"
    if not unchanged:
        return "the document was changed after this signature"
    return "" if trusted else "the certificate leads to no trusted root"


def _names(subject: asn1_x509.Name) -> tuple[str, ...]:
    """The values in a subject: common name, organisation, numbers."""
    values = subject.native.values()
    flat = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return tuple(str(one) for one in flat)


def pem_certificates(content: bytes) -> list[x509.Certificate]:
    """The certificates in a PEM file; raises ValueError when there is none."""
    return x509.load_pem_x509_certificates(content)
