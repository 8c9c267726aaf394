// What the token service is measured by: node and jsonwebtoken answering the line protocol in the plainest way, with
// a line in the log for each token. One process, one thread; prints its port.
const net = require("net");
const jsonwebtoken = require("jsonwebtoken8");  // 8.5.1; 9 takes many times as long to sign

const secret = process.argv[2];

function answer(text) {
  const asked = JSON.parse(text);
  const claims = {
    aud: "jitsi", iss: "skotos", sub: "meet.example.org", room: asked.channel, moderator: asked.moderator,
    nbf: Math.floor(Date.now() / 1000) - 10,
    context: {
      user: { id: asked.displayName.toLowerCase(), name: asked.displayName, affiliation: asked.moderator ? "owner" : "member",
              moderator: asked.moderator },
    },
  };
  console.log(`${new Date().toISOString()} token for ${asked.displayName} in ${asked.channel}`);
  const token = jsonwebtoken.sign(claims, secret, { expiresIn: asked.validFor });
  return JSON.stringify({ success: true, message: "OK", token, time: Math.floor(Date.now() / 1000), seq: asked.seq });
}

const server = net.createServer((line) => {
  let held = "";
  line.setNoDelay(true);
  line.setEncoding("utf8");
  line.on("data", (text) => {
    const frames = (held + text).split("\0");
    held = frames.pop();
    for (const frame of frames) line.write(answer(frame) + "\n\0");
  });
  line.on("error", () => line.destroy());
});
server.listen(0, "127.0.0.1", () => console.log(`port ${server.address().port}`));
