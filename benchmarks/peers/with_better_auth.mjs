// better-auth: `with_better_auth.mjs URL call|handler`, asked by asking.py (whose other end, serving.py, says how).
//
// `call` is its server-side interface, `handler` the one that takes a Request. Both as it comes, without its rate
// limits; sending a message is keeping it. Its password hash is replaced by one that costs nothing.

import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { emailOTP } from "better-auth/plugins";

const [url, way] = process.argv.slice(2);
const email = "ana@bench.example";
const password = "kereru over the harbour";
const origin = "https://bench.example";
const require = createRequire(import.meta.url);
const { version } = JSON.parse(
  (await import("node:fs")).readFileSync(require.resolve("better-auth").replace(/dist\/.*$/, "package.json"), "utf8"),
);

let seen = null;
const note = (text) => {
  const first = String(text).trim().split(/\s+/)[0].toUpperCase();
  if (seen && !["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT"].includes(first)) seen.push(String(text));
};

async function database() {
  if (url.startsWith("sqlite:")) {
    const { default: Database } = await import("better-sqlite3");
    const opened = new Database(url.replace("sqlite:///", ""), { verbose: note });
    opened.pragma("journal_mode = WAL");
    opened.pragma("synchronous = FULL");
    return opened;
  }
  const { default: pg } = await import("pg");
  const query = pg.Client.prototype.query;
  pg.Client.prototype.query = function (asked, ...rest) {
    note(asked?.text ?? asked);
    return query.call(this, asked, ...rest);
  };
  return new pg.Pool({ connectionString: url.replace("postgresql+psycopg:", "postgresql:") });
}

const digest = (text) => createHash("sha256").update(text).digest("hex");
let code = "";
const auth = betterAuth({
  baseURL: origin,
  secret: "of no use to anybody, but as long as it has to be",
  database: await database(),
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { disabled: true },
  emailAndPassword: {
    enabled: true,
    password: { hash: async (text) => digest(text), verify: async ({ hash, password }) => hash === digest(password) },
  },
  plugins: [emailOTP({ sendVerificationOTP: async ({ otp }) => void (code = otp) })],
});
await (await getMigrations(auth.options)).runMigrations();
const { user } = await auth.api.signUpEmail({ body: { email, password, name: "Ana" } });
// A login by code would take the password off an address that nobody has proved.
await (await auth.$context).internalAdapter.updateUser(user.id, { emailVerified: true });

let cookie = "";
const kept = (headers) => {
  cookie = headers.getSetCookie().map((one) => one.split(";")[0]).join("; ");
};

async function posted(path, body) {
  const headers = { "content-type": "application/json", origin };
  const response = await auth.handler(
    new Request(`${origin}/api/auth${path}`, { method: "POST", headers, body: JSON.stringify(body) }),
  );
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  await response.text();
  return response.headers;
}

const calls = {
  request: () => auth.api.sendVerificationOTP({ body: { email, type: "sign-in" } }),
  verify: async () => kept((await auth.api.signInEmailOTP({ body: { email, otp: code }, returnHeaders: true })).headers),
  "session check": async () => {
    const found = await auth.api.getSession({ headers: new Headers({ cookie }) });
    if (found?.user.email !== email) throw new Error("no session");
  },
  "password login": () => auth.api.signInEmail({ body: { email, password } }),
};
const requests = {
  request: () => posted("/email-otp/send-verification-otp", { email, type: "sign-in" }),
  verify: async () => kept(await posted("/sign-in/email-otp", { email, otp: code })),
  "session check": async () => {
    const response = await auth.handler(new Request(`${origin}/api/auth/get-session`, { headers: { cookie } }));
    if ((await response.json())?.user.email !== email) throw new Error("no session");
  },
  "password login": () => posted("/sign-in/email", { email, password }),
};
const operations = way === "call" ? calls : requests;

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
say({ name: `better-auth ${version}, ${way}`, operations: Object.keys(operations) });
for await (const line of createInterface({ input: process.stdin })) {
  const { do: name, times = 1, count = false } = JSON.parse(line);
  if (count) {
    seen = [];
    await operations[name]();
    say({ statements: seen });
    seen = null;
    continue;
  }
  const [began, before] = [performance.now(), process.cpuUsage()];
  for (let turn = 0; turn < times; turn += 1) await operations[name]();
  const [seconds, used] = [(performance.now() - began) / 1000, process.cpuUsage(before)];
  say({ seconds: seconds / times, worked: (used.user + used.system) / 1e6 / times });
}
process.exit(0);
