"""Members that are termtalk processes, in the room of host.py, whose participant admits, updates and removes."""
from client import COMMITTED
from host import Host
from program import LONG, Program, done, expect, warnings_of
from session import member_text
from wire import u32, u64, vector


def hosting(termtalk, programs):
    host = Host("Pia")
    anna = Program(termtalk, "join", host.invite, "--nick", "Anna")
    programs.append(anna)
    until(host, lambda: anna.seen("joined-room"))
    joined = anna.seen("joined-room")[0]
    expect([(m["nick"], m["host"]) for m in joined["members"]] == [("Pia", True), ("Anna", False)], "members")
    until(host, lambda: ids(host, "Anna") & set(host.epochs))
    bert = Program(termtalk, "join", host.invite, "--nick", "Bert")
    programs.append(bert)
    until(host, lambda: anna.seen("member-joined", nick="Bert"))
    until(host, lambda: ids(host, "Bert") & set(host.epochs))
    done("as a host", "two programs came in by its Welcomes and gave themselves new keys")

    host.say("good day")
    anna.say("hello")
    bert.say("hi")
    for program in (anna, bert):
        for text in ("good day", "hello", "hi"):
            until(host, lambda program=program, text=text: program.seen("message", text=text))
    host.update()
    host.say("with new keys")
    host.whisper(next(iter(ids(host, "Anna"))), "only you")
    bert.say("/msg Pia only me")
    until(host, lambda: anna.seen("message", text="with new keys") and anna.seen("message", text="only you"))
    until(host, lambda: bert.seen("message", text="with new keys") and (*ids(host, "Bert"), "only me") in host.said)
    expect(not bert.seen("message", text="only you"), "for Anna alone")
    done("as a committer", "its updates are followed; said and whispered both ways")

    forged_commit(host, anna, bert)

    bert.say("/quit")
    until(host, lambda: anna.seen("member-left", nick="Bert"))
    host.say("we two")
    anna.say("yes")
    until(host, lambda: anna.seen("message", text="we two") and (*ids(host, "Anna"), "yes") in host.said)
    expect(len(host.group.leaves) == 2, "Bert is out of the group")
    expect(warnings_of(anna) == ["group-forged", "group-lost"], f"warnings: {warnings_of(anna)}")
    expect(warnings_of(bert) == [], f"warnings: {warnings_of(bert)}")
    host.close()
    anna.wait("closed", reason="host-quit")
    done("removing", "the one who stays goes on in the next epoch; then the room is closed")


def forged_commit(host, anna, bert):
    """Who cannot follow comes back to its place by a new connection and a new KeyPackage."""
    member, = ids(host, "Anna")
    guest = host.members[member][1]
    changed = bytearray(host.group.commit().commit)
    host.group.mls.pending = None
    changed[-1] ^= 1
    guest.send(COMMITTED, u32(host.member) + u64(host.floor) + vector(b"") + bytes(changed))
    until(host, lambda: host.members[member][1] is not guest)
    anna.say("back again")
    until(host, lambda: anna.seen("message", text="back again"))
    expect([event["member"] for event in anna.seen("joined-room")] == 2 * [member_text(member)], "the place of before")
    until(host, lambda: bert.seen("message", text="back again"))
    expect(not bert.seen("member-left") and not bert.seen("member-joined", nick="Anna"), "the others hear nothing")
    done("coming back", f"{member_text(member)} could not follow a Commit, and was removed and added in one")


def ids(host, nick):
    return {member for member, (name, _) in host.members.items() if name == nick}


def until(host, condition):
    host.run(condition, LONG)
