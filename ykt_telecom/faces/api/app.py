"""The HTTP face: so far whether the process lives and whether it can work."""

from __future__ import annotations

from typing import Any, Protocol

from fastapi import FastAPI, Response


class Health(Protocol):
    """What the service can say about itself."""

    def liveness(self) -> dict[str, Any]:
        """Facts for /healthz."""

    def readiness(self) -> dict[str, Any]:
        """Facts for /readyz; "ready" tells whether work is taken."""


def make_app(health: Health) -> FastAPI:
    """The application. No interactive pages: they would load from elsewhere."""
    app = FastAPI(title="YKT Telecom", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")

    @app.get("/healthz")
    async def healthz() -> dict[str, Any]:
        """The process is alive."""
        return health.liveness()

    @app.get("/readyz", responses={503: {"description": "not ready: the answer says why"}})
    async def readyz(response: Response) -> dict[str, Any]:
        """SMSC bound and database writable."""
        facts = health.readiness()
        if not facts["ready"]:
            response.status_code = 503
        return facts

    return app
