/** The map with sessions: which commands take effect, what is answered, when sessions expire. And its clients. */
import type { Mutant } from "../Mutant.ts"

const map = "src/kv/Map.ts"
const sessions = "src/kv/Sessions.ts"
const client = "src/kv/Client.ts"
const encoding = "src/kv/Encoding.ts"
const world = "check/kv/ReplicatedKV.ts"
/** The clients and machines of random executions. */
const run = "check/fuzz/Run.ts"
const clients = "check/fuzz/Clients.ts"
const specMap = "spec/Map.tla"
const specSessions = "spec/Sessions.tla"
const specClient = "spec/Client.tla"
const specWorld = "spec/ReplicatedKV.tla"

/** Whether a command has been executed. */
const known = { file: sessions, from: "if (known !== undefined) {" }
const specKnown = { file: specSessions, from: "IF seq \\in DOMAIN s.replies" }

/** What is answered then. */
const cached = { file: sessions, from: "response: known }" }
const specCached = { file: specSessions, from: "ok(s.replies[seq])" }

/** What is put into the log. */
const decided = { file: world, from: "const entry: Stamped = { time, request: m.request }" }
const proposed = { file: run, from: "const value = encode({ time, request })" }

export const kvMutants: ReadonlyArray<Mutant> = [
  {
    id: "K01",
    rule: "KV.SameSeq",
    title: "a command that comes again is executed again",
    edits: [{ ...known, to: "if (false) {" }],
    spec: [{ ...specKnown, to: "IF FALSE" }],
    expected: [{ model: "kv-retry", name: "RefinesKV" }]
  },
  {
    id: "K02",
    rule: "KV.SameSeq",
    title: "what any client has asked under the same number passes for a copy",
    edits: [
      {
        ...known,
        to: `const [, other] = Table.entries(kv.sessions).find(([, each]) => Table.get(each.replies, seq) !== undefined) ?? []
  if (other !== undefined) {`
      },
      { ...cached, to: "response: Table.get(other.replies, seq)! }" }
    ],
    spec: [
      { ...specKnown, to: "IF \\E id \\in DOMAIN kv.sessions : seq \\in DOMAIN kv.sessions[id].replies" },
      {
        ...specCached,
        to: "ok(kv.sessions[Min({id \\in DOMAIN kv.sessions : seq \\in DOMAIN kv.sessions[id].replies})].replies[seq])"
      }
    ],
    expected: [{ model: "zoo-two-clients", name: "RefinesKV" }]
  },
  {
    id: "K03",
    rule: "KV.SameSeq",
    title: "copies are looked for only where they go into the log",
    edits: [
      { ...known, to: "if (false) {" },
      {
        file: world,
        from: `m.type !== "Request" || m.dest !== i ? []`,
        to: `m.type !== "Request" || m.dest !== i || (m.request.type === "command"
      && Table.get(Table.get(w.servers[i]!.kv.sessions, m.request.session)?.replies ?? Table.empty, m.request.seq) !== undefined) ? []`
      },
      {
        ...proposed,
        to: `if (request.type === "command"
      && Table.get(Table.get(this.#machines.get(server)!.state.sessions, request.session)?.replies ?? Table.empty, request.seq) !== undefined) return false
    ${proposed.from}`
      }
    ],
    spec: [
      { ...specKnown, to: "IF FALSE" },
      {
        file: specWorld,
        from: `       /\\ m.type = "Request" /\\ m.dest = i
`,
        to: `       /\\ m.type = "Request" /\\ m.dest = i
       /\\ IF m.request.type = "open" THEN TRUE ELSE
            ~ (m.request.session \\in DOMAIN servers[i].kv.sessions
               /\\ m.request.seq \\in DOMAIN servers[i].kv.sessions[m.request.session].replies)
`
      }
    ],
    expected: [{ model: "kv-failover", name: "RefinesKV" }]
  },
  {
    id: "K04",
    rule: "KV.OldSeq",
    title: "a late copy of what the client has long heard the answer of is executed",
    edits: [{ file: sessions, from: "if (seq < s.first) return", to: "if (false) return" }],
    spec: [{ file: specSessions, from: "IF seq < s.first THEN", to: "IF FALSE THEN" }],
    expected: [{ model: "kv-window", name: "RefinesKV" }]
  },
  {
    id: "K05",
    rule: "KV.SameSeq",
    title: "whatever is asked again, the latest command's answer is given",
    edits: [{ ...cached, to: "response: Table.entries(s.replies).at(-1)![1] }" }],
    spec: [{ ...specCached, to: "ok(s.replies[Max(DOMAIN s.replies)])" }],
    expected: [{ model: "zoo-two-cas", name: "RefinesKV" }]
  },
  {
    id: "K06",
    rule: "KV.CacheReply",
    title: "that a command was executed is replicated, and its answer isn't: who asks again is told how it would end now",
    edits: [{ ...cached, to: "response: execute(kv.data, operation).response }" }],
    spec: [{ ...specCached, to: "ok(done.response)" }],
    expected: [{ model: "kv-failover", name: "RefinesKV" }]
  },
  {
    id: "K08",
    rule: "KV.Expired",
    title: "a session that has expired is taken for a new one",
    edits: [{
      file: sessions,
      from: "const s = Table.get(kv.sessions, session)\n",
      to: "const s = Table.get(kv.sessions, session) ?? { timeout: 5, used: kv.time, first: 1, replies: Table.empty }\n"
    }],
    spec: [
      { file: specSessions, from: "IF session \\notin DOMAIN kv.sessions THEN", to: "IF FALSE THEN" },
      {
        file: specSessions,
        from: "LET s == kv.sessions[session]\n",
        to: `LET s == IF session \\in DOMAIN kv.sessions THEN kv.sessions[session]
                   ELSE [timeout |-> 5, used |-> kv.time, first |-> 1, replies |-> NoTable]
`
      },
      {
        file: specSessions,
        from: `!.sessions[session] = [s EXCEPT !.used = kv.time, !.first = first,
                                                           !.replies = only(replies, {n \\in DOMAIN replies : n >= first})]]`,
        to: `!.sessions = with(@, session, [s EXCEPT !.used = kv.time, !.first = first,
                                                           !.replies = only(replies, {n \\in DOMAIN replies : n >= first})])]`
      }
    ],
    expected: [{ model: "kv-expiry", name: "RefinesKV" }]
  },
  {
    id: "K09",
    rule: "KV.Expire",
    title: "who starts from a snapshot takes its sessions for just used, and lets them live longer than others do",
    edits: [
      {
        file: encoding,
        from: "[reader.number(), sessionFrom(reader)] as const",
        to: "[reader.number(), { ...sessionFrom(reader), used: time }] as const"
      },
      {
        file: world,
        from: "server: { applied: s.snapshot.index, kv: s.snapshot.kv, snapshot: s.snapshot, waiting: Table.empty },",
        to: `server: {
    applied: s.snapshot.index,
    kv: {
      ...s.snapshot.kv,
      sessions: Table.tableOf(
        Table.entries(s.snapshot.kv.sessions).map(([id, each]) => [id, { ...each, used: s.snapshot.kv.time }]),
        ({ timeout, used }) => used + timeout
      )
    },
    snapshot: s.snapshot,
    waiting: Table.empty
  },`
      }
    ],
    spec: [{
      file: specWorld,
      from: "Restart(s) == Step([applied |-> s.snapshot.index, kv |-> s.snapshot.kv,",
      to: `Restart(s) == Step([applied |-> s.snapshot.index,
                    kv |-> [s.snapshot.kv EXCEPT !.sessions = [id \\in DOMAIN @ |-> [@[id] EXCEPT !.used = s.snapshot.kv.time]]],`
    }],
    expected: [{ model: "zoo-idle-session", name: "MachinesAgree" }]
  },
  {
    id: "K10",
    rule: "KV.Cas",
    title: "whether a Cas applies is decided where it goes into the log",
    edits: [
      { file: map, from: "return valueOf(data, key) === operation.from\n", to: `return operation.from === "*" || valueOf(data, key) === operation.from\n` },
      {
        ...decided,
        to: `const { request: asked } = m
  const now = (key) => Table.get(w.servers[i]!.kv.data, key) ?? null
  const entry: Stamped = {
    time,
    request: asked.type === "open" || asked.operation.op !== "cas" ? asked : {
      ...asked,
      operation: { ...asked.operation, from: now(asked.operation.key) === asked.operation.from ? "*" : "never" }
    }
  }`
      },
      {
        ...proposed,
        to: `const now = (key) => Table.get(this.#machines.get(server)!.state.data, key) ?? null
    const value = encode({
      time,
      request: request.type === "open" || request.operation.op !== "cas" ? request : {
        ...request,
        operation: { ...request.operation, from: now(request.operation.key) === request.operation.from ? "*" : "never" }
      }
    })`
      }
    ],
    spec: [
      { file: specMap, from: "IF value = operation.from\n", to: "IF operation.from = \"*\" \\/ value = operation.from\n" },
      {
        file: specWorld,
        from: "log' = Append(log, [time |-> time, request |-> m.request])",
        to: `log' = Append(log,
            [time |-> time,
             request |-> IF m.request.type = "open" THEN m.request ELSE
                         [m.request EXCEPT !.operation.from =
                            IF servers[i].kv.data[m.request.operation.key] = @ THEN "*" ELSE "never"]])`
      }
    ],
    expected: [{ model: "zoo-two-cas", name: "RefinesKV" }]
  },
  {
    id: "K11",
    rule: "KV.LogTime",
    title: "each server reads its own clock when it applies an entry",
    // The specification has no clock that apply could read: so there is no pair.
    edits: [{ file: sessions, from: "const time = Math.max(kv.time, reading)", to: "const time = Math.max(kv.time, reading, Date.now())" }],
    expected: []
  },
  {
    id: "K13",
    rule: "KV.CacheReply",
    title: "refusals aren't remembered: a Cas that comes again may succeed",
    edits: [{
      file: sessions,
      from: "kv: become(data, Table.set(Table.removeBelow(s.replies, first), seq, response, seq)),",
      to: "kv: become(data, response === false ? s.replies : Table.set(Table.removeBelow(s.replies, first), seq, response, seq)),"
    }],
    spec: [{
      file: specSessions,
      from: "become(done.data, with(s.replies, seq, done.response))",
      to: "become(done.data, IF done.response = FALSE THEN s.replies ELSE with(s.replies, seq, done.response))"
    }],
    expected: [{ model: "zoo-refused-cas", name: "RefinesKV" }]
  },
  {
    id: "K14",
    rule: "KV.SameSeq",
    title: "a command below the latest executed passes for executed, though several may be under way",
    edits: [
      { ...known, to: "if (Table.keys(s.replies).some((n) => n >= seq)) {" },
      { ...cached, to: "response: known ?? null }" }
    ],
    spec: [
      { ...specKnown, to: "IF \\E n \\in DOMAIN s.replies : n >= seq" },
      { ...specCached, to: "ok(IF seq \\in DOMAIN s.replies THEN s.replies[seq] ELSE Nil)" }
    ],
    expected: [{ model: "kv-window", name: "RefinesKV" }]
  },
  {
    id: "K15",
    rule: "KV.LogTime",
    title: "log time falls when a leader's clock is behind",
    edits: [{ file: sessions, from: "const time = Math.max(kv.time, reading)", to: "const time = reading" }],
    spec: [{ file: specSessions, from: "time == Max({kv.time, reading})", to: "time == reading" }],
    expected: [{ model: "kv-expiry", name: "ExpiryIsByLogTime" }]
  },
  {
    id: "K16",
    rule: "KV.Expire",
    title: "a session expires so long after its opening, used or not",
    edits: [{ file: sessions, from: "{ ...s, used: kv.time, first,", to: "{ ...s, first," }],
    spec: [{ file: specSessions, from: "[s EXCEPT !.used = kv.time, !.first = first,", to: "[s EXCEPT !.first = first," }],
    expected: [{ model: "zoo-used-in-time", name: "ExpiryIsByLogTime" }]
  },
  {
    id: "S04",
    rule: "diss. 6.3",
    title: "a snapshot has the map without the sessions",
    edits: [
      { file: encoding, from: "  yield `${sessions.size} `\n  for (const [id, session] of Table.walk(sessions)) yield `${id} ${sessionText(session)}`\n", to: "  yield \"0 \"\n" },
      { file: world, from: "snapshot: { index: s.applied, kv: s.kv } }", to: "snapshot: { index: s.applied, kv: { ...s.kv, sessions: InitKV.sessions } } }" }
    ],
    spec: [{
      file: specWorld,
      from: "!.snapshot = [index |-> s.applied, kv |-> s.kv]",
      to: "!.snapshot = [index |-> s.applied, kv |-> [s.kv EXCEPT !.sessions = NoTable]]"
    }],
    expected: [{ model: "kv-failover", name: "MachinesAgree" }]
  },
  {
    id: "L01",
    rule: "Client.SameSeq",
    title: "who asks again asks under a new number",
    edits: [
      {
        file: world,
        from: "servers.map((i) => sent(w, Ask(c, i, commandOf(client, seq)))).filter((next) => next.messages !== w.messages)",
        to: `servers.map((i) => {
      const operation = Table.get(client.waiting, seq)!
      const next = Invoke({ ...client, waiting: Table.remove(client.waiting, seq) }, operation)!
      return sent(withClient(w, c, next), Ask(c, i, commandOf(next, next.seq)))
    })`
      },
      {
        file: clients,
        from: "gone ? undefined : commandOf(c, seq)",
        to: "gone ? undefined : this.#anew(client, seq)"
      },
      {
        file: clients,
        from: "  /** Calls that haven't returned",
        to: `  #anew(client: number, seq: number): Request {
    const known = this.#known(client)
    const operation = Table.get(known.state.waiting, seq)!
    known.state = this.#invoke({ ...known.state, waiting: Table.remove(known.state.waiting, seq) }, operation)!
    known.calls.set(known.state.seq, known.calls.get(seq)!)
    known.calls.delete(seq)
    return commandOf(known.state, known.state.seq)
  }

  /** Calls that haven't returned`
      }
    ],
    spec: [{
      file: specWorld,
      from: `       LET m == Ask(c, i, commandOf(clients[c], seq))
       IN m \\notin messages /\\ messages' = messages \\cup {m}
`,
      to: `       \\E next \\in Invoke([clients[c] EXCEPT !.waiting = only(@, DOMAIN @ \\ {seq})], clients[c].waiting[seq]) :
         /\\ clients' = [clients EXCEPT ![c] = next]
         /\\ messages' = messages \\cup {Ask(c, i, commandOf(next, next.seq))}
`
    }, {
      file: specWorld,
      from: `  /\\ left' = [left EXCEPT !.retries = @ - 1]
  /\\ UNCHANGED <<log, servers, clients, ghost>>
`,
      to: `  /\\ left' = [left EXCEPT !.retries = @ - 1]
  /\\ UNCHANGED <<log, servers, ghost>>
`
    }],
    expected: [{ model: "kv-retry", name: "RefinesKV" }]
  },
  {
    id: "L02",
    rule: "Client.Expired",
    title: "SESSION_EXPIRED is taken for \"not executed\": the calls go on in the next session",
    edits: [
      { file: client, from: "{ ...c, session, open: true, seq: 0 }", to: "{ ...c, session, open: true }" },
      {
        file: client,
        from: `return { ...c, open: false, waiting: Table.empty, heard: { status: "SESSION_EXPIRED" } }`,
        to: "return { ...c, open: false }"
      }
    ],
    spec: [
      {
        file: specClient,
        from: "!.session = reply.session, !.open = TRUE, !.seq = 0]",
        to: "!.session = reply.session, !.open = TRUE]"
      },
      {
        file: specClient,
        from: "!.open = FALSE, !.waiting = NoTable, !.heard = [status |-> \"SESSION_EXPIRED\"]]",
        to: "!.open = FALSE]"
      }
    ],
    expected: [{ model: "kv-expiry", name: "RefinesKV" }]
  },
  {
    id: "L02b",
    rule: "history",
    title: "calls that a client has given up are recorded as if they had done nothing",
    // It is how a history is written, and no step of anybody.
    edits: [{
      file: clients,
      from: "    c.gone = true\n",
      to: `    c.gone = true
    for (const at of c.calls.values()) this.history[at] = { ...this.history[at]!, op: "get", value: null }
`
    }],
    expected: []
  },
  {
    id: "L04",
    rule: "Client.NewSeq",
    title: "when all calls have returned, numbers are used again",
    edits: [{ file: client, from: "const seq = c.seq + 1\n", to: "const seq = (outstanding(c).at(-1) ?? 0) + 1\n" }],
    spec: [{
      file: specClient,
      from: "{[c EXCEPT !.seq = @ + 1, !.waiting = with(@, c.seq + 1, operation)]}",
      to: "LET n == Max({0} \\cup outstanding(c)) + 1 IN {[c EXCEPT !.seq = n, !.waiting = with(@, n, operation)]}"
    }],
    expected: [{ model: "kv-window", name: "RefinesKV" }]
  },
  {
    id: "L06",
    rule: "Client.NewSession",
    title: "a late copy of the answer brings back a session that the client had, and its numbers",
    edits: [{ file: client, from: "return c.open || session <= c.session ? undefined", to: "return c.open ? undefined" }],
    spec: [{ file: specClient, from: "IF c.open \\/ reply.session <= c.session THEN", to: "IF c.open THEN" }],
    expected: [{ model: "zoo-late-session", name: "RefinesKV" }]
  }
]
