"""Faults that answer in the partner's place: envelopes of any status, gateways' pages, redirects, odd headers."""

from dataclasses import dataclass, field, replace

from backoffice.sandbox.bitnob.refusals import problem
from backoffice.sandbox.coinmena.refusals import scripted_envelope
from backoffice.sandbox.faults.scene import Scene, kind
from backoffice.sandbox.messages import Json, Reply, html_reply


@dataclass(frozen=True, kw_only=True)
class _Instead:
    """An answer in place of the partner's; with `apply` the request was carried out all the same."""

    apply: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    def play(self, scene: Scene) -> Reply:
        if self.apply:
            scene.proceed()
        reply = self.reply(scene)
        for name, text in self.headers.items():
            reply = reply.with_header(name, text)
        return reply

    def reply(self, scene: Scene) -> Reply:
        raise NotImplementedError


@kind("envelope")
@dataclass(frozen=True, kw_only=True)
class Envelope(_Instead):
    """The partner's own error form: 401, 404, 409 with 2020, 429 (`headers` for `Retry-After`), 500, any code."""

    status: int = 500
    code: int | str | None = None
    msg: str | None = None
    msg_detail: Json = None

    def reply(self, scene: Scene) -> Reply:
        if scene.is_bitnob:
            code = None if self.code is None else str(self.code)
            return problem(self.status, scene.clock.nanoseconds(), code=code, detail=self.msg)
        code_number = None if self.code is None else int(self.code)
        return scripted_envelope(self.status, code_number, self.msg, self.msg_detail)


@kind("html")
@dataclass(frozen=True, kw_only=True)
class Html(_Instead):
    """A gateway's page: 502, 503, 504, a 404 without envelope, or a 200 that is no answer at all."""

    status: int = 502
    title: str = "502 Bad Gateway"

    def reply(self, scene: Scene) -> Reply:
        return html_reply(self.status, self.title)


@kind("redirect")
@dataclass(frozen=True, kw_only=True)
class Redirect(_Instead):
    """A redirect to `location`, by default back to the same place."""

    status: int = 307
    location: str | None = None

    def reply(self, scene: Scene) -> Reply:
        return Reply(self.status).with_header("Location", self.location or scene.request.target)


@kind("headers")
@dataclass(frozen=True)
class Headers:
    """Set or remove headers of the true answer: an `Age` as a cache adds it, a missing or wrong `Date`."""

    set: dict[str, str] = field(default_factory=dict)
    remove: list[str] = field(default_factory=list)

    def play(self, scene: Scene) -> Reply:
        reply = scene.proceed()
        for name, text in self.set.items():
            reply = reply.with_header(name, text)
        return replace(reply, suppressed=(*reply.suppressed, *(name.lower() for name in self.remove)))
