"""One chunk: looked up, sent, and what its answer says of each row written down (rules 1, 2, 6 and 9)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from importer.client import ReplyKind, read_created
from importer.errors.api import Consequence, RefusalKind
from importer.model import Status
from importer.planning import Chunk, Decision
from importer.publishing.learned import learn_whole, trust_of
from importer.publishing.matching import match_answer, status_of
from importer.publishing.posting import Overtaken, holding, post
from importer.publishing.refusals import code_of, nameless, pointed_at, verdict_of
from importer.publishing.settling import Doubtful, wanted_of
from importer.publishing.target import Todo
from importer.publishing.waiting import Part, Why

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from importer.client import ApiError, ListedItem, Reply
    from importer.model import Item
    from importer.publishing.ledger import Ledger
    from importer.publishing.lookup import Lookup
    from importer.publishing.matching import Key
    from importer.publishing.refusals import Trust
    from importer.publishing.settling import Settling
    from importer.publishing.target import Place
    from importer.publishing.troubles import Troubles
    from importer.publishing.waiting import Waiting

TOO_LARGE = 413
"""The status that speaks of a request as a whole."""

VALIDATION = 400
"""The only status that may hide the plan's limit; a 413 or 422 speaks of its row."""


class Sender:
    """Sends chunks; what comes of them goes to the ledger, to `waiting` (send again) or to `settling` (in doubt).

    `begun` are the tasks whose request was let go.
    """

    def __init__(  # noqa: PLR0913 - the rooms that a chunk passes through
        self,
        place: Place,
        *,
        ledger: Ledger,
        lookup: Lookup,
        settling: Settling,
        trust: Trust,
        waiting: Waiting,
        troubles: Troubles,
        begun: set[asyncio.Task[None] | None],
    ) -> None:
        self._place, self._ledger, self._lookup = place, ledger, lookup
        self._settling, self._trust, self._waiting, self._troubles = settling, trust, waiting, troubles
        self._begun = begun

    async def send(self, chunk: Chunk) -> None:
        """Send a chunk and write down what came of it.

        Raises the ImporterError that ends the run, if the answer says that it cannot go on.
        """
        before = self._waiting.sent_before(chunk)
        known, new = chunk.only(before), chunk.only(set(chunk.keys) - before)
        new = await self._vetted(new) if new else None
        still = self._still_without_item(Chunk((*(known.items if known else ()), *(new.items if new else ()))))
        if still is None:
            return
        chunk = still
        if not before.isdisjoint(chunk.keys):
            self._place.client.resent()
        try:
            request, reply = await post(self._place, chunk, self._begun, lambda number: self._lose(number, Part(chunk)))
        except Overtaken:
            self._waiting.again(chunk)
            return
        if reply.kind is ReplyKind.OK:
            created = read_created(reply.body)
            if created is None:
                await self._lost(request, chunk, reply)
            else:
                await self._record(request, chunk, created, reply)
        elif reply.kind is ReplyKind.NOT_CARRIED_OUT:
            self._finish(request, "not_carried_out", reply, pending=chunk.keys)
            self._waiting.again(chunk)
            await self._troubles.not_carried_out(reply)
        elif reply.kind is ReplyKind.LOST or reply.error is None:
            await self._lost(request, chunk, reply)
        else:
            await self._refused(request, chunk, reply, reply.error)

    def _still_without_item(self, chunk: Chunk) -> Chunk | None:
        """Leave out the rows for which an item was found while they waited to be sent again."""
        held = holding(self._place.state, chunk)
        for item in chunk.items:
            if (item.locale, item.key) in held:
                self._ledger.settled_before(item, held[item.locale, item.key])
                self._waiting.gone((item.locale, item.key))
        return chunk.only(set(chunk.keys) - held.keys())

    async def _vetted(self, chunk: Chunk) -> Chunk | None:
        """Look the chunk up (rule 8); gives what is left to be sent."""
        vetted = await self._lookup.vet(chunk)
        self._ledger.adopted(vetted.adopted)
        for item, holder in vetted.adopted:
            if item.live and status_of(holder) is Status.STAGED:
                self._waiting.staged.append(Todo(Decision.PUBLISH, item, holder.id))
            else:
                self._ledger.unchanged((item.locale, item.key))
        self._ledger.found([(wanted, item, shown) for item, wanted, shown in vetted.made], self._publish_later)
        for item, message in vetted.taken:
            self._ledger.rejected(item, "slug_taken", message)
        return Chunk(tuple(vetted.free)) if vetted.free else None

    def _publish_later(self, item: Item, item_id: str) -> bool:
        """Publish a draft that was found in the place of an item to be sent; it has its place within `--limit`."""
        self._waiting.staged.append(Todo(Decision.PUBLISH, item, item_id))
        return True

    def _finish(
        self,
        request: int,
        outcome: str,
        reply: Reply,
        *,
        pending: Sequence[Key] = (),
        open_: bool = False,
    ) -> None:
        self._place.state.finish(request, outcome=outcome, at=self._place.ended(reply), pending=pending, open_=open_)

    async def _record(self, request: int, chunk: Chunk, created: Sequence[ListedItem], reply: Reply) -> None:
        """Rule 2: the outcome of each row; rows that the answer does not show are in doubt."""
        place = self._place
        matched = match_answer(chunk.items, created, place.target.schema)
        shown, missing = chunk.only(set(matched)), chunk.only(set(chunk.keys) - set(matched))
        failures = self._troubles.server_error(missing) if missing else 0
        if shown:
            self._troubles.succeeded(shown, request)
        done = [(item, matched[item.locale, item.key]) for item in chunk.items if (item.locale, item.key) in matched]
        altered = [(item.locale, item.key) for item, listed in done if listed.slug != item.slug]
        rows = place.state.rows(altered)
        twins = [key for key in altered if rows[key].attempts > 1]
        published = [
            self._ledger.answer(item, one, Status.PUBLISHED if chunk.live and not one.is_draft else Status.STAGED)
            for item, one in done
        ]
        facts: dict[str, str] = {}
        for item, _ in done:
            code = self._trust.verdict((item.locale, item.key), good=True)
            if code:
                facts |= trust_of(code)
                self._waiting.costly = False
        place.state.finish(
            request,
            outcome="answered",
            at=place.ended(reply),
            published=published,
            watermark=max((one.created_on for one in created if one.created_on), default=None),
            facts=facts,
            twin_checks=twins,
            open_=missing is not None,
        )
        self._ledger.answered(published)
        if shown:
            self._waiting.passed(shown)
        if twins:
            self._waiting.check_twins(place.clock.monotonic() + place.timing.lag)
        if missing:
            said = f"Webflow answered {failures} times that all went well, and did not make the item."
            self._doom_if_alone(missing, failures, said)
            self._over(request, self._part(missing, failures))
            if not shown:
                await self._troubles.failed(replace(reply, reason="its answers do not show the items that were sent"))

    async def _lost(self, request: int, chunk: Chunk, reply: Reply) -> None:
        """The answer was lost; a chunk that loses its answers again and again is narrowed as after 5xx."""
        failures = self._troubles.server_error(chunk)
        self._doom_if_alone(chunk, failures, f"Webflow gave no readable answer {failures} times: {reply.reason}.")
        self._lose(request, self._part(chunk, failures))
        await self._troubles.failed(reply)

    def _doom_if_alone(self, chunk: Chunk, failures: int, said: str) -> bool:
        """Give up a row that fails alone while others succeed; it is settled first all the same. Whether it was."""
        often = failures >= self._troubles.SERVER_ERRORS
        doomed = often and len(chunk.items) == 1 and self._troubles.others_succeed(chunk)
        if doomed:
            self._waiting.doom(chunk.items[0], "server_error", said)
        return doomed

    def _part(self, chunk: Chunk, failures: int) -> Part:
        """How a chunk that failed so often is sent again."""
        return Part(chunk, Why.FAILED if failures >= self._troubles.SERVER_ERRORS else Why.AGAIN)

    def _lose(self, request: int, part: Part) -> None:
        """The answer was lost: the effect comes within patience, or never."""
        place = self._place
        now = place.clock.monotonic()
        due = now + place.timing.patience + place.timing.lag
        self._settling.open(request, due)
        self._doubt(request, part, due=due, look=self._settling.soon(), lost=True)
        place.state.lost(request, place.server_now(latest=True))

    def _over(self, request: int, part: Part, *, slug_refused: bool = False, written: bool = False) -> None:
        """The request had its effect, if any: a listing decides after `lag`.

        Where the rows may well be `written`, they are looked for at once too.
        """
        now = self._place.clock.monotonic()
        due = now + self._place.timing.lag
        self._settling.open(request, due + self._place.timing.patience)
        look = min(due, self._settling.soon()) if written else due
        self._doubt(request, part, due=due, look=look, slug_refused=slug_refused)

    def _doubt(
        self,
        request: int,
        part: Part,
        *,
        due: float,
        look: float,
        lost: bool = False,
        slug_refused: bool = False,
    ) -> None:
        ended = self._place.clock.monotonic()
        rows = self._place.state.rows(part.chunk.keys)
        for item in part.chunk.items:
            row = rows[item.locale, item.key]
            wanted = wanted_of(self._place.state, row, self._place.timing.patience, ever=slug_refused)
            doubtful = Doubtful(
                wanted, request, due, look, ended, lost, part.chunk.live, item, part, slug_refused=slug_refused
            )
            self._settling.doubt(doubtful)

    async def _refused(self, request: int, chunk: Chunk, reply: Reply, error: ApiError) -> None:
        """Rule 9: a refusal narrows the chunk, rejects a row, is tried again, or ends the run."""
        rule, kind = error.rule(creating=True), error.kind(creating=True)
        outcome = f"refused:{code_of(error)}"
        alone = len(chunk.items) == 1
        if kind is RefusalKind.STRAY_403:
            await self._forbidden(request, chunk, reply, error)
        elif rule.consequence is Consequence.SETTLE:
            self._finish(request, outcome, reply, open_=True)
            await self._server_error(request, chunk, reply, error)
        elif rule.consequence is Consequence.STOP and kind is not RefusalKind.SCHEMA:
            self._finish(request, outcome, reply, pending=chunk.keys if alone else (), open_=not alone)
            if not alone:
                self._over(request, Part(chunk))
            raise error.exception(creating=True)
        elif alone:
            await self._refused_alone(request, chunk.items[0], reply, error)
        else:
            await self._narrow(request, chunk, reply, error)

    async def _narrow(self, request: int, chunk: Chunk, reply: Reply, error: ApiError) -> None:
        """Reject the rows of a refused chunk that the answer names, and narrow the others down.

        They are in doubt unless such refusals are known to be whole.
        """
        code = code_of(error)
        named, accused = pointed_at(chunk, error)
        whole = self._trust.whole(code)
        part = Part(chunk, Why.REFUSED, accused | set(named))
        if error.status == TOO_LARGE:
            part.why = Why.FAILED
            self._waiting.too_large(len(chunk.items) // 2)
        else:
            self._waiting.refused(chunk, len(named), costly=not whole)
        self._finish(request, f"refused:{code}", reply, pending=chunk.keys if whole else (), open_=not whole)
        if not whole:
            self._trust.watch(code, chunk)
            self._over(request, part)
        await self._troubles.require_same_schema(error.kind(creating=True))
        for item in chunk.items:
            said = named.get((item.locale, item.key))
            if said is not None:
                problem, sentence = verdict_of(said)
                if whole:
                    self.reject(item, problem, sentence, code)
                else:
                    self._waiting.doom(item, problem, sentence, code)
        if whole:
            self._waiting.back(part, [item for item in chunk.items if (item.locale, item.key) not in named])

    async def _refused_alone(self, request: int, item: Item, reply: Reply, error: ApiError) -> None:
        """The verdict on a single row; a refusal of one row is known to have written nothing."""
        outcome = f"refused:{code_of(error)}"
        key = (item.locale, item.key)
        kind, rule = error.kind(creating=True), error.rule(creating=True)
        if kind is RefusalKind.SLUG_TAKEN and self._place.state.rows([key])[key].attempts > 1:
            # Rule 6: an earlier send of this row may be what holds the slug.
            self._finish(request, outcome, reply, open_=True)
            self._over(request, Part(Chunk((item,))), slug_refused=True)
            return
        self._finish(request, outcome, reply, pending=[key])
        if kind is RefusalKind.SLUG_TAKEN:
            await self.slug_refused(item)
            return
        await self._troubles.require_same_schema(kind)
        reason = nameless(error)
        problem, sentence = verdict_of(error)
        if reason is not None and rule.problem == "refused" and error.status == VALIDATION:
            self._waiting.gone(key, guilty=True)
            for earlier, said in self._troubles.put_aside(reason, item, sentence, self._place.state.latest_request()):
                self.reject(earlier, "refused", said)
        else:
            self.reject(item, problem, sentence, code_of(error))

    def settled_good(self, one: Doubtful) -> None:
        """A listing showed that the row was written."""
        key = one.wanted.id
        self._troubles.written()
        self._troubles.forget(key)
        self._learn(key, good=True)
        if one.part is not None:
            one.part.written.add(key)
        self._waiting.gone(key)

    def settled_absent(self, key: Key) -> None:
        """A listing showed that the row was not written."""
        self._trust.absent(key)

    async def slug_refused(self, item: Item) -> None:
        """Reject a row whose slug Webflow says is taken, by an item that is not its own."""
        holder = await self._lookup.holder(item)
        if holder is None:
            sentence = f'Webflow says that the slug "{item.slug}" is taken, but no item that has it can be read.'
            self.reject(item, "slug_held", sentence)
        else:
            sentence = f'The slug "{item.slug}" belongs to another item: "{holder.name}" ({holder.id}).'
            self.reject(item, "slug_taken", sentence)

    def reject(self, item: Item, code: str, message: str, by: str = "") -> None:
        """Reject a row for good, and learn from it; `by` is the code of the error that refused it."""
        key = (item.locale, item.key)
        self._troubles.forget(key)
        self._learn(key, good=False, by=by)
        self._ledger.rejected(item, code, message)
        self._waiting.gone(key, guilty=True)

    def _learn(self, key: Key, *, good: bool, by: str = "") -> None:
        """Take a verdict as evidence of what refusals write."""
        trusted = self._trust.verdict(key, good=good, by=by)
        if trusted is not None:
            learn_whole(self._place.state, [trusted])
            self._waiting.costly = False

    async def _server_error(self, request: int, chunk: Chunk, reply: Reply, error: ApiError) -> None:
        """Rule 9: after three 5xx a chunk is narrowed, a single row rejected, if anything else succeeds meanwhile."""
        failures = self._troubles.server_error(chunk)
        said = f"Webflow answered {failures} times with an error of its own: {error.said}"
        if self._doom_if_alone(chunk, failures, said):
            self._over(request, Part(chunk), written=True)
            return
        self._over(request, self._part(chunk, failures), written=True)
        await self._troubles.failed(reply)

    async def _forbidden(self, request: int, chunk: Chunk, reply: Reply, error: ApiError) -> None:
        """A 403 without `missing_scopes` may be stray: not carried out, once a single request succeeds."""
        outcome = f"refused:{code_of(error)}"
        if await self._troubles.forbidden():
            self._finish(request, outcome, reply, pending=chunk.keys)
            self._waiting.again(chunk)
            return
        self._finish(request, outcome, reply, open_=True)
        self._over(request, Part(chunk))
        raise error.exception(creating=True)
