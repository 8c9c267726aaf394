"""A slixmpp client whose events a test can wait for."""
import asyncio
import ssl

import slixmpp

from server import DOMAIN, PASSWORD, PATIENCE


class Person(slixmpp.ClientXMPP):
    def __init__(self, local, *xeps):
        super().__init__(f"{local}@{DOMAIN}/slix", PASSWORD)
        for xep in ("xep_0030", "xep_0198", "xep_0199", "xep_0280", "xep_0313", "xep_0352", *xeps):
            self.register_plugin(xep)
        self.auto_authorize = self.auto_subscribe = None
        self.ssl_context = ssl.create_default_context()
        self.ssl_context.check_hostname, self.ssl_context.verify_mode = False, ssl.CERT_NONE
        self.messages = asyncio.Queue()
        self.add_event_handler("message", self.messages.put_nowait)
        self.add_event_handler("failed_auth", lambda _: print(f"{local}: authentication failed"))

    def get_ssl_context(self):
        return self.ssl_context

    async def until(self, name):
        return await asyncio.wait_for(self.wait_until(name, PATIENCE), PATIENCE)

    async def arrive(self, server, entrance):
        started = asyncio.ensure_future(self.until("session_start"))
        self.connect(("127.0.0.1", server.ports[entrance]), use_ssl=entrance == "direct", disable_starttls=False)
        await started
        await self.get_roster()
        self.send_presence()

    async def leave(self):
        gone = asyncio.ensure_future(self.until("disconnected"))
        self.disconnect()
        await gone

    async def hear(self, body):
        message = await asyncio.wait_for(self.messages.get(), PATIENCE)
        assert message["body"] == body, f"{message} instead of {body}"
        return message
