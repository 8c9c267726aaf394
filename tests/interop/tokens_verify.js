// Judges tokens with the libraries that Jitsi's world uses: [{token, algorithm, key, audience, issuer, room, later}, …]
// on standard input, [{library: whether it takes the token}, …] on standard output. `later`: seconds from now.
const { createPublicKey, createSecretKey } = require("crypto");
const jose = require("jose");
const jsonwebtoken = require("jsonwebtoken");

const now = Math.floor(Date.now() / 1000);

const libraries = {
  // It knows no EdDSA.
  jsonwebtoken: (asked) => asked.algorithm === "EdDSA" ? undefined :
    jsonwebtoken.verify(asked.token, asked.key, {
      algorithms: [asked.algorithm], audience: asked.audience, issuer: asked.issuer, clockTimestamp: now + asked.later,
    }),
  jose: async (asked) => {
    const key = asked.algorithm.startsWith("HS") ? createSecretKey(Buffer.from(asked.key)) : createPublicKey(asked.key);
    const { payload } = await jose.jwtVerify(asked.token, key, {
      algorithms: [asked.algorithm], audience: asked.audience, issuer: asked.issuer,
      currentDate: new Date((now + asked.later) * 1000),
    });
    return payload;
  },
};

async function judge(asked) {
  const verdicts = {};
  for (const [name, verify] of Object.entries(libraries)) {
    try {
      const claims = await verify(asked);
      if (claims !== undefined) verdicts[name] = claims.room === asked.room;
    } catch (refusal) {
      verdicts[name] = false;
    }
  }
  return verdicts;
}

async function main() {
  const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
  console.log(JSON.stringify(await Promise.all(asked.map(judge))));
}

main();
