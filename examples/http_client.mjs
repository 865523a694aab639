// A host product in Node: Billhook over plain HTTP, nothing to install (Node 18 or newer).
//
//     node examples/http_client.mjs http://127.0.0.1:8000 bk_your_service_key
//
// Provisions a user, checks a feature, streams an answer under a hold, runs into the end of the
// quota, and prints where to send the user to buy. Run it again after the purchase to see the tokens.

import { randomUUID } from "node:crypto";

class Refused extends Error {
  constructor(problem) {
    super(problem.detail);
    this.code = problem.code;
    this.problem = problem;
  }
}

class Billhook {
  constructor(baseUrl, serviceKey) {
    this.baseUrl = `${baseUrl}/api/v1`;
    this.headers = { Authorization: `Bearer ${serviceKey}`, "Content-Type": "application/json" };
  }

  get(path, query) {
    return this.call("GET", `${path}?${new URLSearchParams(query)}`);
  }

  post(path, body = {}) {
    // With a key of our own a call that was cut off can be sent again, and counts once.
    return this.call("POST", path, JSON.stringify(body), { "Idempotency-Key": randomUUID() });
  }

  async call(method, path, body, headers = {}) {
    const answer = await fetch(this.baseUrl + path, {
      method,
      body,
      headers: { ...this.headers, ...headers },
    });
    const document = await answer.json();
    if (!answer.ok) throw new Refused(document);
    return document;
  }
}

// Stands in for a model that answers word by word.
async function* think(question) {
  yield* `You asked: ${question}`.split(" ");
}

// Holds the most that the answer may cost, settles what it did, gives back the rest.
async function answer(billhook, user, question) {
  const hold = await billhook.post("/holds", { user, feature: "ai_chat", quantity: 8 });
  let used = 0;
  try {
    for await (const word of think(question)) {
      process.stdout.write(`${word} `);
      used += 1;
    }
  } catch (error) {
    await billhook.post(`/holds/${hold.id}/release`);
    throw error;
  }
  const settled = await billhook.post(`/holds/${hold.id}/settle`, { quantity: used });
  console.log(`\ncharged ${settled.quantity} requests, ${settled.tokens_charged} tokens`);
}

async function main(baseUrl, serviceKey) {
  const billhook = new Billhook(baseUrl, serviceKey);
  const user = "example-node-1";
  const email = `${user}@example.test`;
  const provisioned = await billhook.post("/users", { external_id: user, email });
  console.log(`user ${provisioned.external_id} is on ${provisioned.tier}`);
  const feature = await billhook.get("/features/ai_mentor", { user });
  console.log(`ai_mentor: ${feature.allowed} (${feature.reason})`);
  console.log(`token balance ${(await billhook.get("/tokens/balance", { user })).balance}`);
  try {
    for (let n = 0; n < 10; n += 1) await answer(billhook, user, "what is a hook?");
  } catch (refusal) {
    if (refusal.code !== "insufficient_tokens") throw refusal;
    const { required, balance } = refusal.problem;
    console.log(`refused: ${required} tokens needed, ${balance} there`);
    const order = await billhook.post("/tokens/checkout", { user, package: "tokens-500" });
    console.log(`buy here: ${order.url}`);
  }
}

if (process.argv.length !== 4) {
  console.error("usage: node examples/http_client.mjs ADDRESS SERVICE_KEY");
  process.exit(2);
}
await main(process.argv[2], process.argv[3]);
