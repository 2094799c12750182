"""Redis: redis-server with redis-cli, redis-py (RESP2, RESP3) and bytes written by hand."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from conformance.recipes import HOST, Recipe, Setting

if TYPE_CHECKING:
    import redis  # type: ignore[import-not-found, unused-ignore]  # only in the recipe's environment

RECIPE = Recipe(packages=["redis==6.4.0"], programs=[["redis-server", "--version"]])


def _server(setting: Setting) -> list[list[str]]:
    command = ["redis-server", "--bind", HOST, "--port", str(setting.port), "--save", "", "--appendonly", "no"]
    return [[*command, "--unixsocket", "redis.sock", "--maxmemory", "64mb"]]


def _guarded(setting: Setting) -> list[list[str]]:
    return [[*_server(setting)[0], "--requirepass", "secret"]]


def _client(setting: Setting, protocol: int = 2) -> redis.Redis:
    import redis  # type: ignore[import-not-found, unused-ignore]

    # Without a library name there is no CLIENT SETINFO; redis-py-resp3 keeps it.
    return redis.Redis(HOST, setting.port, protocol=protocol, lib_name=None, lib_version=None, decode_responses=True)


def _cli(setting: Setting, *words: str, text: str | None = None) -> None:
    command = ["redis-cli", "-h", HOST, "-p", str(setting.port), *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, input=text, text=True)


def _by_hand(setting: Setting, *pieces: bytes, pause: float = 0.03) -> None:
    """Send pieces apart from each other, and read what comes."""
    with socket.create_connection((HOST, setting.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


@RECIPE.case("redis-cli", _server)
def redis_cli(setting: Setting) -> None:
    """redis-cli, one command at a time and many from its input, in RESP2 and RESP3."""
    _cli(setting, "SET", "greeting", "hello world")
    _cli(setting, "GET", "greeting")
    _cli(setting, "-3", "HSET", "user:1", "name", "x", "age", "3")
    _cli(
        setting,
        text="HGETALL user:1\nLPUSH list a b c\nLRANGE list 0 -1\nTYPE list\nEXPIRE list 9\nTTL list\nDEL list\n",
    )
    _cli(setting, "-3", text="HGETALL user:1\nZADD z 1 a 2 b\nZRANGE z 0 -1 WITHSCORES\nSET n 1\nINCRBYFLOAT n 0.5\n")


@RECIPE.case("redis-py-resp2", _server)
def resp2(setting: Setting) -> None:
    """redis-py in RESP2: many kinds of commands on one connection, another database."""
    client = _client(setting)
    client.set("key", "value", ex=60)
    client.get("key")
    client.get("absent")
    client.mset({"a": "1", "b": "2"})
    client.mget("a", "b", "absent")
    client.hset("hash", mapping={"field": "secret", "other": "secret"})
    client.hgetall("hash")
    client.xadd("stream", {"field": "secret"}, id="1-1")
    client.xrange("stream")
    client.zadd("scores", {"one": 1, "two": 2})
    client.zrangebyscore("scores", 0, 10, withscores=True)
    client.select(3)
    client.set("elsewhere", "value")
    client.close()


@RECIPE.case("redis-py-resp3", _server, both=True)
def resp3(setting: Setting) -> None:
    """redis-py in RESP3 with HELLO and CLIENT SETINFO: maps, sets, doubles, booleans, nulls. Both ends are traced."""
    import redis  # type: ignore[import-not-found, unused-ignore]

    with redis.Redis(HOST, setting.port, protocol=3, db=2, client_name="recipe") as client:
        client.sadd("set", "a", "b", "c")
        client.smembers("set")
        client.hset("hash", mapping={"field": "secret"})
        client.hgetall("hash")
        client.zadd("scores", {"one": 1.5})
        client.zscore("scores", "one")
        client.get("absent")
        client.execute_command("CLIENT", "TRACKING", "ON")
        client.get("tracked")
        with redis.Redis(HOST, setting.port, protocol=3, db=2) as other:
            other.set("tracked", "new")
        client.get("tracked")


@RECIPE.case("pipelines", _server)
def pipelines(setting: Setting) -> None:
    """Pipelines of redis-py and redis-benchmark, and transactions: kept, discarded, failed at EXEC and by WATCH."""
    import redis  # type: ignore[import-not-found, unused-ignore]

    client = _client(setting)
    with client.pipeline(transaction=False) as pipe:
        for number in range(6):
            pipe.set(f"key:{number}", "value").get(f"key:{number}")
        pipe.execute()
    with client.pipeline(transaction=True) as pipe:
        pipe.set("a", 1).incr("a").get("a")
        pipe.execute()
    with client.pipeline(transaction=True) as pipe:
        pipe.set("text", "x").incr("text")
        pipe.execute(raise_on_error=False)
    with client.pipeline(transaction=True) as pipe:
        pipe.watch("watched")
        client.set("watched", "changed")
        pipe.multi()
        pipe.set("watched", "mine")
        with suppress(redis.WatchError):
            pipe.execute()
    client.execute_command("MULTI")
    client.execute_command("SET", "b", "1")
    client.execute_command("DISCARD")
    client.close()
    quiet = [
        "redis-benchmark",
        "-h",
        HOST,
        "-p",
        str(setting.port),
        "-n",
        "32",
        "-c",
        "2",
        "-P",
        "8",
        "-t",
        "get,incr",
        "-q",
    ]
    subprocess.run(quiet, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@RECIPE.case("pubsub", _server)
def pubsub(setting: Setting) -> None:
    """Subscribers in RESP2 and RESP3, patterns, several channels at once, messages, MONITOR, blocking pops."""
    publisher = _client(setting)
    for protocol in (2, 3):
        reader = _client(setting, protocol).pubsub()
        reader.subscribe("news", "weather")
        reader.psubscribe("n*")
        for _ in range(3):
            reader.get_message(timeout=1)
        publisher.publish("news", "secret")
        publisher.publish("nobody-listens", "secret")
        for _ in range(3):
            reader.get_message(timeout=1)
        reader.unsubscribe()
        reader.punsubscribe()
        for _ in range(3):
            reader.get_message(timeout=1)
        reader.close()
    with _client(setting).monitor() as monitor:
        publisher.set("watched-by-monitor", "secret")
        monitor.next_command()
    popper = threading.Thread(target=lambda: _client(setting).blpop(["queue"], timeout=2))
    popper.start()
    time.sleep(0.1)
    publisher.rpush("queue", "secret")
    popper.join()
    _client(setting).blpop(["empty"], timeout=0.1)


@RECIPE.case("errors", _guarded)
def errors(setting: Setting) -> None:
    """No AUTH, a wrong one, a right one; wrong types, unknown commands and subcommands, broken framing."""
    import redis  # type: ignore[import-not-found, unused-ignore]

    client = _client(setting)
    with suppress(redis.AuthenticationError):
        client.get("key")
    client = _client(setting)
    for words in (
        ["AUTH", "wrong"],
        ["AUTH", "secret"],
        ["SET", "text", "x"],
        ["LPUSH", "text", "y"],
        ["INCR", "text"],
    ):
        with suppress(redis.RedisError):
            client.execute_command(*words)
    for words in (["NOSUCH", "secret"], ["CONFIG", "NOSUCH"], ["GET"], ["SELECT", "99"], ["EVALSHA", "0" * 40, "0"]):
        with suppress(redis.RedisError):
            client.execute_command(*words)
    client.close()
    _by_hand(setting, b"*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n", b"*1\r\n+PING\r\n")
    _by_hand(setting, b"PING\r\n", b"auth secret\r\nping\r\n", b"GET a\r\nQUIT\r\n")


@RECIPE.case("scripts", _server)
def scripts(setting: Setting) -> None:
    """EVAL, EVALSHA, functions, and a script that fails."""
    import redis  # type: ignore[import-not-found, unused-ignore]

    client = _client(setting)
    client.eval("return redis.call('SET', KEYS[1], ARGV[1])", 1, "key", "secret")
    script = client.register_script("return {redis.call('GET', KEYS[1]), 7, {1, 2, {3}}}")
    script(keys=["key"])
    with suppress(redis.ResponseError):
        client.eval("return redis.call('LPUSH', KEYS[1], 'x')", 1, "key")
    client.function_load("#!lua name=lib\nredis.register_function('f', function(keys, args) return #keys end)")
    client.fcall("f", 2, "a", "b")
    client.close()


@RECIPE.case("big-values", _server, both=True)
def big_values(setting: Setting) -> None:
    """Values longer than one read, than what is copied of one call, and than what a parser is shown; many elements."""
    client = _client(setting)
    for size in (4_000, 17_000, 100_000, 700_000):
        client.set(f"big:{size}", "x" * size)
        client.get(f"big:{size}")
    client.rpush("list", *["element"] * 3_000)
    client.lrange("list", 0, -1)
    client.get("small")
    client.close()


@RECIPE.case("pieces", _server)
def pieces(setting: Setting) -> None:
    """Commands cut at every kind of place and glued together, by hand."""
    command = b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$10\r\n0123\r\n6789\r\n"
    _by_hand(setting, *(command[at : at + 1] for at in range(len(command))), pause=0.002)
    glued = command[20:] + b"*1\r\n$4\r\nPING\r\n" * 3
    _by_hand(setting, command[:5], command[5:16], command[16:] + command[:20], glued)
    _by_hand(setting, command[:-1], command[-1:], command[:30])


@RECIPE.case("unix-socket", _server, both=True)
def unix_socket(setting: Setting) -> None:
    """redis-py over a UNIX socket, both ends traced."""
    import redis  # type: ignore[import-not-found, unused-ignore]

    with redis.Redis(unix_socket_path=str(setting.directory / "redis.sock"), lib_name=None, lib_version=None) as client:
        client.set("key", "value")
        client.get("key")
        client.ping()
