"""A server that runs the token service alone, and the line protocol as its callers speak it."""
import json
import socket

from server import PATIENCE, Server

SECRET = "0123456789abcdef0123456789abcdef"
CONFIG = """<exedra xmlns="urn:exedra:config:1">
  <tokens>
    <key id="{id}" algorithm="{algorithm}" {file}/>
    <caller name="skotos" issuer="skotos" subject="meet.example.org" channels="*" moderate="true"/>
    {entrances}
  </tokens>
</exedra>
"""
LINE = '<line address="127.0.0.1" port="0" caller="skotos"/>'


def token_server(algorithm="HS256", key=SECRET, entrances=LINE, ports=("line",)):
    symmetric = algorithm.startswith("HS")
    file = 'secret-file="key"' if symmetric else 'file="key"'
    config = CONFIG.format(id="" if symmetric else "verona", algorithm=algorithm, file=file, entrances=entrances)
    return Server(config=config, entrances=ports, files={"key": key})


def request(name, seq, channel="jitsi_chat_default"):
    """As a SkotOS game words it: strings put together, nothing escaped."""
    return (f'{{ "cmd": "jwt_token", "displayName": "{name}", "channel": "{channel}", "moderator": false, '
            f'"validFor": 600, "seq": {seq} }}\0').encode()


def ask(port, name, seq, channel="jitsi_chat_default"):
    """One request on a connection of its own: the reply as an object."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as line:
        line.sendall(request(name, seq, channel))
        answer = b""
        while not answer.endswith(b"\n\0"):
            part = line.recv(65536)
            assert part, f"the line ended after {answer!r}"
            answer += part
    return json.loads(answer[:-2])
