"""A server killed in the middle of a talk loses nothing it has answered, and answers a resent message once."""

from concurrent.futures import ThreadPoolExecutor

from tests.server import Server


def test_a_talk_goes_on_after_kill_9(server: Server) -> None:
    """After kill -9 and a new start the talk knows every answer it had acknowledged."""
    first = server.turn(message_id="a", text="低保，在县医院", place="anhui-bozhou")
    server.kill()
    server.start()
    second = server.turn(message_id="b", conversation=first["conversation"], text="两万")
    assert second["turn"] == 2
    assert second["replies"][0]["estimate"]["out_of_pocket"]["amount"] == "1100.00"


def test_a_resent_message_gets_its_first_answer_over_a_crash(server: Server) -> None:
    """The same message id after kill -9 gives the same answer byte for byte, and no turn is counted twice."""
    first = server.turn(message_id="a", text="亳州低保，在县医院花了两万")
    server.kill()
    server.start()
    assert server.turn(message_id="a", text="亳州低保，在县医院花了两万") == first
    assert server.turn(message_id="a", conversation=first["conversation"], text="别的话") == first


def test_kill_9_under_load_loses_no_acknowledged_turn(server: Server) -> None:
    """Twelve talks at once, killed five times: each turn number a client saw is there afterwards, none twice."""
    seen: dict[str, int] = {}

    def go_on(name: str, number: int) -> None:
        conversation = ids.get(name)
        said = {"conversation": conversation} if conversation else {}
        try:
            answer = server.turn(message_id=f"{name}-{number}", text="两万", place="anhui-bozhou", **said)
        except OSError:
            return
        ids[name], seen[name] = answer["conversation"], answer["turn"]

    ids: dict[str, str] = {}
    names = [f"p{number}" for number in range(12)]
    for number in range(5):
        with ThreadPoolExecutor(len(names)) as pool:
            work = [pool.submit(go_on, name, number) for name in names * 3]
            work[5].result()
            server.kill()
        server.start()
    for name, turn in seen.items():
        answer = server.turn(message_id=f"{name}-last", conversation=ids[name], action="help")
        assert answer["turn"] > turn


def test_turns_of_one_person_never_overlap(server: Server) -> None:
    """Twenty messages of one conversation sent at once are counted one by one."""
    first = server.turn(message_id="a", action="start")
    with ThreadPoolExecutor(10) as pool:
        sent = [
            pool.submit(server.turn, message_id=f"m{number}", conversation=first["conversation"], action="help") for number in range(20)
        ]
    assert sorted(each.result()["turn"] for each in sent) == list(range(2, 22))
