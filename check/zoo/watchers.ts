/** Mistakes in the checkers: one that has grown blind must be noticed, too. */
import { linearizabilityWatchers } from "./linearizabilityWatchers.ts"
import type { Watcher } from "./Mutant.ts"

const trace = "spec/Trace.tla"
const isStep = "/\\ stepsOf(server(r[1]), r[2], argumentOf(r)) = Step(server(r[4]), sends, r[6])"

export const watchers: ReadonlyArray<Watcher> = [
  {
    id: "W01",
    title: "the trace checker never looks at the last line",
    edits: [
      { file: "check/trace/TraceModule.ts", from: "row([first, taken.length, ", to: "row([first, taken.length - 1, " },
      {
        file: "check/trace/validate.ts",
        from: `word === "ACCEPTED" && n === trace.steps.length`,
        to: `word === "ACCEPTED"`
      },
      { file: "check/trace/validate.ts", from: "lines: n - earlier }", to: "lines: n - earlier + 1 }" }
    ],
    noticedBy: "trace: last line altered",
    needsTlc: true
  },
  {
    id: "W02",
    title: "the trace checker passes an empty trace",
    edits: [{
      file: "check/trace/TraceReader.ts",
      from: `  if (drafts.length === 0) fail(1, "no steps after the header")\n`,
      to: ""
    }],
    noticedBy: "trace: no steps",
    needsTlc: false
  },
  {
    id: "W03",
    title: "of the log after a step only the length is compared",
    edits: [{
      file: trace,
      from: isStep,
      to: `/\\ \\E step \\in stepsOf(server(r[1]), r[2], argumentOf(r)) :
          /\\ [step.server EXCEPT !.log = lastIndex(@)] = [server(r[4]) EXCEPT !.log = lastIndex(@)]
          /\\ step.sends = sends
          /\\ step.resetElectionTimer = r[6]`
    }],
    noticedBy: "trace: another term of an entry",
    needsTlc: true
  },
  {
    id: "W04",
    title: "a line on which nothing changes is accepted, whatever happens on it",
    edits: [{ file: trace, from: isStep, to: `/\\ \\/ r[1] = r[4]\n        \\/ ${isStep.slice(3)}` }],
    noticedBy: "trace: one event deleted",
    needsTlc: true
  },
  {
    id: "W05",
    title: "edges that TLC's graph alone has aren't looked for",
    edits: [{
      file: "check/models/Equal.ts",
      from: `    differ("an edge of TLC's only", "TLC", byTlc({ from: theirs.get(from)!, label, to: theirs.get(to)! }))\n`,
      to: ""
    }],
    noticedBy: "graphs: an edge or a state more on either side",
    needsTlc: false
  },
  {
    id: "W05b",
    title: "edges and states that TypeScript's graph alone has aren't looked for",
    edits: [
      {
        file: "check/models/Equal.ts",
        from: `    else differ("an edge of TypeScript's only", "TypeScript", byUs(edge))\n`,
        to: ""
      },
      {
        file: "check/models/Equal.ts",
        from: `differ("a state of TypeScript's only", "TypeScript", found(edge, byUs))`,
        to: ""
      }
    ],
    noticedBy: "graphs: an edge or a state more on either side",
    needsTlc: false
  },
  {
    id: "W07",
    title: "the linearizability checker drops operations of unknown outcome",
    edits: [{
      file: "check/linearizability/procedures/cells.ts",
      from: "if (k === Kind.NOTHING) continue",
      to: "if (k === Kind.NOTHING || part.answered[i] === 0) continue"
    }],
    noticedBy: "history: a write of unknown outcome",
    needsTlc: false
  },
  {
    id: "W13",
    title: "the explorer takes worlds for one that differ in a vote",
    edits: [
      {
        file: "check/explorer/Intern.ts",
        from: "if (field === undefined) continue",
        to: `if (field === undefined || key === "votedFor") continue`
      },
      {
        file: "check/explorer/Intern.ts",
        from: "const text = JSON.stringify(value)\n",
        to: `const text = JSON.stringify(value, (name, field) => name === "votedFor" ? undefined : field)\n`
      }
    ],
    noticedBy: "explorer: worlds told apart",
    needsTlc: false
  },
  {
    id: "W14",
    title: "the mapping to the map that clients are promised stands still, whatever happens",
    edits: [
      { file: "check/kv/Properties.ts", from: "data: ghost.kv.data,", to: "data: InitKV.data," },
      { file: "check/kv/Properties.ts", from: "calls: Object.fromEntries(each.map(([id, c]) => [id, callsOf(c, answerInLog)])),", to: "calls: {}," },
      { file: "check/kv/Properties.ts", from: "heard: Object.fromEntries(each.map(([id, { heard }]) => [id, heard]))", to: "heard: {}" }
    ],
    noticedBy: "refinement: every action of KV",
    needsTlc: false
  },
  ...linearizabilityWatchers
]

/** Properties made vacuous: then no mutant violates them any more, though those that should have not changed. */
export const vacuous = {
  property: "StateMachineSafety",
  code: {
    id: "W10",
    title: "an invariant of the TypeScript says nothing",
    edits: [{
      file: "check/raft/Properties.ts",
      from: "indices(s.log.lastIncludedIndex + 1, s.commitIndex).every((k) =>",
      to: "indices(s.log.lastIncludedIndex + 1, s.log.lastIncludedIndex).every((k) =>"
    }]
  },
  spec: {
    id: "W10s",
    title: "an invariant of the specification says nothing",
    edits: [{
      file: "spec/Properties.tla",
      from: "\\A k \\in servers[i].log.lastIncludedIndex + 1 .. servers[i].commitIndex :",
      to: "\\A k \\in servers[i].log.lastIncludedIndex + 1 .. servers[i].log.lastIncludedIndex :"
    }]
  }
} as const
