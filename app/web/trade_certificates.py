"""Pages of trade certificates: public verification, and the document for those concerned."""

from fastapi import APIRouter
from fastapi.responses import Response

from app.deals import certificates
from app.web.visit import Visit

router = APIRouter(include_in_schema=False)


@router.get("/verify/certificates/{number}")
async def verify(visit: Visit, number: str) -> Response:
    """What a certificate says and whether it is in force; where its QR code leads."""
    item = await certificates.get(visit.session, number)
    return visit.page("trade_certificate.html", item=item)


@router.get("/verify/certificates/{number}/document")
async def document(visit: Visit, number: str) -> Response:
    """The certificate as PDF, always as a file to save."""
    content = await certificates.document(visit.session, visit.require_actor(), number)
    headers = {
        "Content-Disposition": f'attachment; filename="{number}.pdf"',
        "Cache-Control": "private, no-store",
    }
    return visit.finish(Response(content, media_type="application/pdf", headers=headers))
