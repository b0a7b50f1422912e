"""Takes a host of TermTalk through the whole protocol, with client.py as a member. Called by run.sh.

    scenario.py TERMTALK PROTOCOL.MD WORDLIST
"""
import os
import sys
import time
import warnings

from client import COMMIT, POST, PRIVATE_POST, Client
from example import check_example
from hosting import hosting
from program import LONG, Program, done, ended, expect, warnings_of
from room_group import RoomGroup
from session import Invite, member_text
from verification import Check, fingerprint, read_word_list, room_words
from violations import strangers, violations
from wire import u32, u64


def main(termtalk, document, word_list):
    with open(document, encoding="utf-8") as file:
        text = file.read()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the example has fixed ephemeral keys
        done("worked example", f"{check_example(text)} values agree")
    host = Program(termtalk, "host", "--direct", "127.0.0.1:0", "--ttl", "none", "--nick", "Hanna")
    programs = [host]
    try:
        run(termtalk, host, programs, read_word_list(word_list))
        hosting(termtalk, programs)
    finally:
        for program in programs:
            program.end()


def run(termtalk, host, programs, words):
    ready = host.wait("ready")
    invite = ready["invite"]
    address = ready["address"]
    parsed = Invite(invite)
    expect(parsed.room == ready["room"] and parsed.host_key.hex() == ready["host_key"], "invite and ready agree")
    done("invite", "parsed, its check fits")

    strangers(address, parsed)
    refusals(invite)

    peer = Client.invited(invite)
    peer.connect()
    peer.join(" pia ")
    admitted = peer.wait("admitted")
    expect(admitted["left"] == 0xFFFFFFFF and admitted["next"] == 1, "no end, nothing said yet")
    expect(sorted((m["nick"], m["host"]) for m in admitted["members"]) == [("Hanna", True), ("pia", False)], "members")
    own = member_text(peer.member)
    host.wait("member-joined", id=own, nick="pia")
    peer.wait("committed", own=True)
    done("join with an invite", f"{own}, a Welcome of epoch {admitted['epoch']}, then new keys for itself")

    other = Program(termtalk, "join", invite, "--nick", "Otto")
    programs.append(other)
    otto = other.wait("joined-room")["member"]
    expect(peer.wait("joined", nick="Otto")["host"] is False, "Otto is not the host")
    expect(member_text(peer.wait("joined", nick="Otto")["id"]) == otto, "member ids as text")

    chat(host, other, peer, own)
    names(host, peer, own)
    private(other, peer, otto)
    verify(host, other, peer, words)
    others(host, invite, peer)
    commits(host, invite, peer)
    breaks(host, other, peer, own)
    begin_anew(host, other, address, parsed, peer)
    violations(host, invite, peer)
    honest(host, other, peer)
    dishonest(host, other, peer, own)

    other.say("/quit")
    peer.wait("left", reason=0, id=peer.seen("joined", nick="Otto")[0]["id"])
    many(host, peer, own)
    last = moderation(host, invite, peer)
    peer.leave()
    host.wait("member-left", id=own, reason="quit")
    done("leave", "acknowledged, announced")

    host.say("/quit")
    expect(last.wait("closing")["reason"] == 1, "the host closed it")
    ended(last)
    done("closing", "announced, then the connection is closed")


def refusals(invite):
    stranger = RoomGroup()
    for nick, key_package, code in (("h0st", None, 2), ("pia", b"none", 18), ("pia", stranger.key_package(), 18)):
        refused = Client.invited(invite)
        refused.connect()
        refused.join(nick, key_package)
        expect(refused.wait("refused")["code"] == code, f"code {code}")
        ended(refused)
    done("refusals", "of a nick, of what is no KeyPackage, and of one of another id; then the connection is closed")


def chat(host, other, peer, own):
    message = peer.post("from pia")
    posted = peer.wait("posted", id=message)
    expect(posted["text"] == "from pia", "posted")
    for program in (host, other):
        shown = program.wait("message", id=message)
        expect(shown["text"] == "from pia" and shown["from"] == own and shown["seq"] == posted["number"], "shown")
    peer.pump(lambda: any((message, 2, 2, 0) in event["list"] for event in peer.seen("receipts")), LONG)
    host.say("/me waves")
    waves = peer.wait("posted", text="waves")
    expect(waves["kind"] == "action", "an action")
    expect(waves["size"] == posted["size"] == 422, "short texts all have one length")
    done("chat", "posted, shown, received by 2 of 2")

    for size in (0, 200, 15_900, 16_384, 40_000, 65_536):
        text = "".join(chr(97 + (at * 7 + size) % 26) for at in range(size))
        message = peer.post(text)
        expect(peer.wait("posted", id=message)["text"] == text, "comes back whole")
        expect(host.wait("message", id=message)["text"] == text, "arrives whole")
    other.say(text.upper())
    peer.wait("posted", text=text.upper())
    message = os.urandom(8)
    peer.send(POST, message + u64(peer.group.epoch) + bytes(67_585))
    expect(peer.wait("declined", id=message.hex())["code"] == 5, "too large")
    done("split messages", "both ways, up to 65,536 bytes; more is declined")


def names(host, peer, own):
    peer.change_nick("\u041etto")  # the first letter is Cyrillic
    expect(peer.wait("declined", id="0" * 16)["code"] == 3, "a look-alike is declined")
    count = len(peer.seen("declined"))
    peer.change_nick("zz\u0436")  # the last one is, and nobody here looks like that
    peer.pump(lambda: len(peer.seen("declined")) > count, LONG)
    expect(peer.seen("declined")[-1]["code"] == 2, "two scripts are no nick")
    peer.change_nick("Pia2")
    peer.wait("nick", id=peer.member, nick="Pia2")
    host.wait("nick-changed", id=own, nick="Pia2")
    done("nicks", "changed; a look-alike declined")


def private(other, peer, otto):
    receiver = next(event["id"] for event in peer.seen("joined", nick="Otto"))
    message = peer.post_privately(receiver, "only you")
    expect(peer.wait("private", id=message)["to"] == receiver, "comes back")
    expect(other.wait("message", id=message)["kind"] == "private", "arrives")
    other.say("/msg Pia2 only me")
    expect(peer.wait("private", text="only me")["from"] == receiver, "from Otto")
    message = os.urandom(8)
    peer.send(PRIVATE_POST, message + u64(peer.group.epoch) + u32(peer.member ^ 1) + b"nobody")
    expect(peer.wait("declined", id=message.hex())["code"] == 6, "no such member")
    done("private posts", f"delivered both ways, declined; {otto} is Otto")


def current_words(host):
    """What the host shows of the room's words, when these are those of the group still: somebody may have given itself new keys meanwhile."""
    deadline = time.monotonic() + LONG
    while True:
        count = len(host.seen("verification"))
        host.say("/verify")
        while len(host.seen("verification")) == count:
            expect(time.monotonic() < deadline, "an answer to /verify")
            host.drain(0.1)
        shown = host.seen("verification")[count]
        if shown["current"]:
            return shown


def verify(host, other, peer, words):
    """7: room words, fingerprints, and checks that either side begins."""
    while True:
        shown = current_words(host)
        # The Commit of whoever has given itself new keys may be on its way to the peer, or have come since.
        peer.pump(lambda: peer.group.epoch >= shown["epoch"], LONG)
        if peer.group.epoch == shown["epoch"]:
            break
    expect(shown["words"] == room_words(words, peer.group.mls.epoch), "room words")
    keys = {member_text(member): peer.group.mls.epoch.tree.leaf(leaf).signature_key
            for member, leaf in peer.group.leaves.items()}
    expect({m["id"]: m["fingerprint"].replace(" ", "").lower() for m in shown["members"]}
           == {member: fingerprint(key) for member, key in keys.items()}, "fingerprints")

    otto = peer.seen("joined", nick="Otto")[0]["id"]
    for is_own in (True, False):
        check, nonce, messages = Check(peer.group, otto), None, []
        handled = len(peer.seen("private", kind="check", **{"from": otto}))
        if is_own:
            messages.append(check.begin())
        else:
            other.say("/verify Pia2")
        while nonce is None:
            for message in messages:
                peer.post_privately(otto, message, kind="check")
            peer.pump(lambda: len(peer.seen("private", kind="check", **{"from": otto})) > handled, LONG)
            messages, nonce = check.received(peer.seen("private", kind="check", **{"from": otto})[handled]["text"])
            handled += 1
        other.wait("verification", member=member_text(peer.member), state="compare", words=check.words(words, nonce))
        other.say("/verify Pia2 yes")
        other.wait("verification", member=member_text(peer.member), state="verified")
    done("comparing words", "room words, fingerprints, a check begun by either side")


def many(host, peer, own):
    """5: more than 1,024 sealed messages each way, so that both keys change."""
    updates = len(peer.seen("committed", own=True))
    count = 0
    while peer.link.opened <= 1_024:
        peer.post(f"number {count}")
        peer.pump(lambda: not peer.unconfirmed, LONG)
        count += 1
    while peer.link.sealed <= 2_048:
        peer.flush()
    message = peer.post("after rekeying")
    peer.wait("posted", id=message)
    host.wait("message", id=message)
    texts = [event["text"] for event in host.seen("message") if event["from"] == own]
    expect([t for t in texts if t.startswith("number")] == [f"number {n}" for n in range(count)], "all, in order")
    peer.pump(lambda: len(peer.seen("committed", own=True)) > updates, LONG)
    done("rekeying", f"{peer.link.sealed} sealed, {peer.link.opened} opened; new keys in the group too")


def others(host, invite, peer):
    """Members that come and go: the peer follows the Commits, and so do those who come."""
    guests = [Client.invited(invite, updates=number == 0) for number in range(5)]
    for number, guest in enumerate(guests):
        guest.connect()
        guest.join(f"guest{number}")
    everybody = [peer, *guests]
    together(everybody, lambda: all(guest.seen("admitted") for guest in guests))
    together(everybody, lambda: guests[0].seen("committed", own=True))
    for number in range(len(guests)):
        peer.wait("joined", nick=f"guest{number}")
    agree(everybody)
    for guest in (guests[1], guests[2]):
        guest.leave()
        peer.wait("left", id=guest.member, reason=0)
    everybody = [peer, guests[0], guests[3], guests[4]]
    for member in everybody:
        member.pump(lambda member=member: len(member.group.leaves) == 6, LONG)
    agree(everybody)
    message = guests[4].post("who is left?")
    for member in everybody:
        member.wait("posted", id=message)
    host.wait("message", id=message)
    for guest in everybody[1:]:
        guest.leave()
        peer.wait("left", id=guest.member)
    peer.pump(lambda: len(peer.group.leaves) == 3, LONG)
    done("other members", "five came and went; all agreed on the group")


def agree(members):
    """All are in the same epoch of the same group, as soon as they have heard of it."""
    def state(member):
        return member.group.epoch, member.group.mls.epoch.authenticator

    together(members, lambda: len(set(map(state, members))) == 1)


def together(members, until):
    """All of them receive and answer until the condition holds: whoever does not for long loses its connection."""
    deadline = time.monotonic() + LONG
    while not until():
        expect(time.monotonic() < deadline, "it comes true")
        for member in members:
            try:
                member.pump(until, 0.05)
            except TimeoutError:
                pass


def commits(host, invite, peer):
    """A Commit of an epoch that is over, and one that adds somebody unasked, are declined."""
    stranger = RoomGroup()
    deadline = time.monotonic() + LONG
    while True:
        epoch = peer.group.epoch
        answer = declined(peer, peer.group.commit([(stranger.id, stranger.key_package())]).encode())
        if answer["epoch"] == epoch == peer.group.epoch:
            break  # Not because another Commit had ended the epoch meanwhile.
        expect(time.monotonic() < deadline, "nobody has asked for that")
    stale = peer.group.commit().encode()
    peer.group.mls.pending = None
    guest = Client.invited(invite)
    guest.connect()
    guest.join("guest")
    peer.wait("joined", nick="guest")
    guest.wait("admitted")
    guest.leave()
    peer.wait("left", id=guest.member)
    declined(peer, stale)
    expect(not host.seen("member-joined", id=member_text(stranger.id)), "nobody came in")
    done("Commits", "accepted when it is their turn, declined else")


def declined(peer, commit):
    """What the room answers to a Commit that it declines."""
    count = len(peer.seen("commit declined"))
    peer.send(COMMIT, commit)
    peer.pump(lambda: len(peer.seen("commit declined")) > count, LONG)
    return peer.seen("commit declined")[-1]


def breaks(host, other, peer, own):
    """6: the session goes on wherever the connection breaks."""
    member = peer.member
    expected = []
    for round_ in range(8):
        # Some is sent and perhaps not read, of the rest only a part of a split message, cut within a frame.
        for number in range(3):
            expected.append(peer.post(f"round {round_}, {number}"))
        expected.append(peer.post("s" * 50_000 + str(round_), flush=False))
        peer.socket.sendall(peer.link.seal(peer.channel.payload(most_records=round_ % 4)))
        half = peer.link.seal(peer.channel.payload())
        peer.socket.sendall(half[:len(half) // 2])
        if round_ % 2:
            time.sleep(0.2)
        peer.break_connection()
        other.say(f"while away {round_}")
        other.wait("message", text=f"while away {round_}")
        if round_ % 2:
            peer.invite, invite = None, peer.invite  # the other pattern
            expect(peer.resume(), "the session goes on")
            peer.invite = invite
        else:
            expect(peer.resume(), "the session goes on")
        peer.wait("posted", text=f"while away {round_}")
    expect(peer.member == member, "the same member")
    peer.pump(lambda: peer.seen("posted", id=expected[-1]), LONG)
    for message in expected:
        expect(len(peer.seen("posted", id=message)) == 1, "exactly once")
        host.wait("message", id=message)
        expect(len(host.seen("message", id=message)) == 1, "exactly once at the host")
    got = [event["id"] for event in peer.seen("posted") if event["id"] in expected]
    expect(got == expected, "in order")
    expect(not host.seen("member-left", id=own), "the place was kept")
    done("resumption", "8 breaks, both patterns: nothing lost, repeated, or out of order")


def begin_anew(host, other, address, parsed, peer):
    """6, 7: the host does not know the session; and a post that it has is not repeated."""
    known = peer.post("said once")
    number = peer.wait("posted", id=known)["number"]
    again = Client(parsed.room, address, host_key=parsed.host_key)
    again.member = peer.member  # somebody else's session
    expect(not again.resume(), "another key does not go on")
    again.join("")
    admitted = again.wait("admitted")
    expect(next(m["nick"] for m in admitted["members"] if m["id"] == again.member) == member_text(again.member),
           "the member id as the nick")
    expect(admitted["next"] == number + 1, "the next number")
    again.post("said once", bytes.fromhex(known))
    expect(again.wait("declined", id=known)["code"] == 8, "accepted before")
    together([again, peer], lambda: again.seen("committed", own=True))
    peer.wait("joined", id=again.member)
    # With the same two keys the member gets its place back, in the group too, and the others hear nothing of it.
    twin = Client(parsed.room, address, static_key=again.static_key, seed=again.group.seed)
    twin.connect()
    twin.join("twin")
    admitted = twin.wait("admitted")
    expect(twin.member == again.member and admitted["welcome"], "the place of before")
    expect(next(m["nick"] for m in admitted["members"] if m["id"] == twin.member) == member_text(again.member),
           "under the nick of before")
    ended(again)
    message = twin.post("here again")
    for client in (twin, peer):
        client.wait("posted", id=message)
    for program in (host, other):
        program.wait("message", id=message)
        expect(len(program.seen("member-joined", id=member_text(twin.member))) == 1, "heard of once")
        expect(not program.seen("member-left", id=member_text(twin.member)), "not gone")
    thief = Client(parsed.room, address, static_key=twin.static_key)
    thief.connect()
    thief.join("thief")
    expect(thief.wait("refused")["code"] == 17, "the static key alone is not enough")
    ended(thief)
    twin.join("twice", twin.group.mls.key_package)
    ended(twin)
    host.wait("member-left", id=member_text(twin.member), reason="lost")
    done("beginning anew", "resumption refused, joined with a room id (XX); a repeated post declined; one place a key")


def moderation(host, invite, peer):
    """What the host may do. Returns another member."""
    last, loud = Client.invited(invite), Client.invited(invite)
    host.say("/topic the weather")
    peer.wait("topic", text="the weather")
    for client, nick in ((last, "last"), (loud, "loud")):
        client.connect()
        client.join(nick)
        client.wait("topic", text="the weather")
        peer.wait("joined", nick=nick)
    for command, locked in (("/lock", True), ("/unlock", False)):
        host.say(command)
        peer.wait("lock", locked=locked)
    host.say("/slow 1h")
    peer.wait("slow mode", seconds=3_600)
    for text in ("in time", "too soon"):
        message = peer.post(text)
        peer.pump(lambda message=message: bytes.fromhex(message) not in peer.unconfirmed, LONG)
    expect(peer.wait("declined", id=message)["code"] == 21, "once in an hour")
    host.say("/slow off")
    peer.wait("slow mode", seconds=0)
    host.say("/kick loud too loud")
    removed = loud.wait("removed")
    expect((removed["reason"], removed["text"]) == (2, "too loud"), "kicked")
    ended(loud)
    peer.wait("left", id=loud.member, reason=2)
    peer.pump(lambda: loud.member not in peer.group.leaves, LONG)
    late = Client.invited(invite)
    late.connect()
    late.join("late")
    expect(late.wait("refused")["code"] == 16, "kicking makes another invite")
    ended(late)
    done("moderation", "topic, lock, slow mode, kicked and out of the group; the invite of before is refused")
    return last


def honest(host, other, peer):
    """Until here nobody had anything to say against anybody."""
    message = peer.post("all well")
    peer.wait("posted", id=message)
    for program in (host, other):
        program.wait("message", id=message)
        expect(warnings_of(program) == [], f"warnings: {warnings_of(program)}")
    expect(peer.warnings == [], f"warnings: {peer.warnings}")
    done("no warnings", "of the programs, and of the peer")


def dishonest(host, other, peer, own):
    """The programs tell of what does not fit."""
    cases = (
        ("group-fork", lambda: peer.post("another chain", chain=bytes(16))),
        ("group-fork", lambda: peer.post("a number that nobody has", number=peer.group.number + 1)),
        ("group-nick", lambda: peer.post("another nick", nick="Hanna")),
        ("group-forged", lambda: another_id(peer)),
    )
    expected = []
    for code, act in cases:
        message = act()
        peer.wait("posted", id=message)
        after = peer.post(f"after {message}")
        peer.wait("posted", id=after)
        expected.append(code)
        for program in (host, other):
            program.wait("message", id=after)
            expect(warnings_of(program) == expected, f"{warnings_of(program)} and not {expected}")
            expect(bool(program.seen("message", id=message)) != (code == "group-forged"), "shown unless forged")
    expect(all(own in event["message"] for event in host.seen("warning") if event["code"].startswith("group-")),
           "the peer is named")
    done("warnings", ", ".join(expected))


def another_id(peer):
    """What was sealed under one message id, posted under another."""
    envelope = peer.group.envelope(peer.nick, "text", "forged")
    message, other = os.urandom(8), os.urandom(8)
    sealed = peer.group.seal(envelope, other)
    peer.unconfirmed[message] = {"kind": "text", "text": "forged", "to": None, "changed": {}, "sealed": sealed}
    peer.send(POST, message + u64(peer.group.epoch) + sealed)
    return message.hex()


main(*sys.argv[1:])
