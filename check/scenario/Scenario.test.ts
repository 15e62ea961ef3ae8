import { readdirSync, readFileSync } from "node:fs"
import { afterEach, describe, expect, test, vi } from "vitest"
import { ScenarioError } from "./Parse.ts"
import { runScenario } from "./Scenario.ts"
import type { Server } from "../../src/raft/Server.ts"

const stories = new URL("../scenarios/", import.meta.url)

for (const name of readdirSync(stories).filter((name) => name.endsWith(".txt")).sort()) {
  test(`Scenario ${name.replace(/\.txt$/, "")}`, () => {
    const text = readFileSync(new URL(name, stories), "utf8")
    const { text: now, violations } = runScenario(text, `check/scenarios/${name}`)
    expect(now).toBe(text)
    expect(violations).toEqual([])
  })
}

const election = `# A comment stays.
servers 3
elect s2 by s3
----
s2 L t1 c0 [1]
s3 F t1 c0 [] v=s2

replicate s2 to s1
----
s1 F t1 c0 [1]
s2 L t1 c1 [1]
`

const reasonOf = (text: string): string => {
  try {
    runScenario(text, "story.txt")
  } catch (error) {
    if (error instanceof ScenarioError) return error.message
    throw error
  }
  return "no error"
}

describe("A scenario", () => {
  test("whose output is what happens has no differences", () => {
    expect(runScenario(election, "story.txt")).toMatchObject({ text: election, differences: [], violations: [] })
  })

  test("with a changed line of output is noticed, with its line, and mended in the text", () => {
    const wrong = election.replace("s2 L t1 c1 [1]", "s2 L t1 c0 [1]")
    const { differences, text } = runScenario(wrong, "story.txt")
    expect(differences).toEqual([{
      line: 11,
      expected: ["s1 F t1 c0 [1]", "s2 L t1 c0 [1]"],
      found: ["s1 F t1 c0 [1]", "s2 L t1 c1 [1]"]
    }])
    expect(text).toBe(election)
  })

  test("with a line too many or too few is noticed", () => {
    expect(runScenario(election.replace("s3 F t1 c0 [] v=s2\n", ""), "f").differences.map((d) => d.line)).toEqual([6])
    expect(runScenario(`${election}s3 F t1 c0 [] v=s2\n`, "f").differences.map((d) => d.line)).toEqual([12])
  })

  test("without any output gets it", () => {
    const bare = election.replaceAll(/^s\d .*\n/gm, "")
    expect(runScenario(bare, "story.txt").text).toBe(election)
    expect(runScenario(bare.replace(/\n----\n$/, "\n"), "story.txt").text).toBe(election)
  })

  test("goes back to a mark as if nothing had happened since", () => {
    const text = "servers 3\nelect s2 by s3\nmark elected\ncrash s2\nback to elected\nreplicate s2 to s1\nshow\n----\n"
    expect(runScenario(text, "story.txt").text.split("----\n")[1]).toBe(
      "s1 F t1 c0 [1]\ns2 L t1 c1 [1]\ns3 F t1 c0 [] v=s2\n"
    )
  })

  test("has clients, whose calls and answers a mark remembers, too", () => {
    const story = [
      ...["servers 3", "elect s1 by s2", "replicate s1 to s2", "client 1 open at s1", "replicate s1 to s2", "mark opened"],
      ...["client 1 put k \"x\" at s1", "replicate s1 to s2", "back to opened", "client 1 get k at s1", "replicate s1 to s2"]
    ]
    expect(runScenario(`${story.join("\n")}\nmap s1 s3\nshow s1\n----\n`, "story.txt").text.split("----\n")[1]).toBe(
      "s1 @0 {} session 2 used@0 {1: null}\ns3 @0 {}\ns1 L t1 c3 [1][1 @0 open][1 @0 2:1 get k]\nc1 in 2, at 1; heard null\n"
    )
  })

  test("can't have a client do what it can't", () => {
    const told = (...commands: ReadonlyArray<string>) =>
      reasonOf(`servers 3\nelect s1 by s2\nreplicate s1 to s2\n${commands.join("\n")}\n----\n`)
    for (const command of ["client 1 get k at s1", "client 1 again 1 at s1", "client 1 echo 1 at s1", "client 1 gives up"]) {
      expect(told(command)).toBe(`story.txt:4: nothing happens: ${command}`)
      expect(told(`nothing: ${command}`)).toBe("no error")
    }
    expect(told("client 1 open at s2")).toBe("story.txt:4: nothing happens: client 1 open at s2")
    expect(told("client 1 take k at s1")).toContain("clients can get, put, append, cas and delete, not take")
  })

  test("doesn't answer a client whose entry was overwritten, nor one whose server has forgotten it", () => {
    const begin = ["servers 3", "elect s1 by s2", "replicate s1 to s2", "client 1 open at s1"]
    const overwritten = [...begin, "elect s2 by s3", "client 2 open at s2", "replicate s2 to s1 s3", "heartbeat s2", "deliver AppendEntriesRequest s2->s1"]
    expect(runScenario(`${overwritten.join("\n")}\nshow s1\n----\n`, "story.txt").text.split("----\n")[1]).toBe(
      "s1 F t2 c3 [1][2][2 @0 open] v=s1\nc1 has no session\nc2 in 3, at 0\n".replace(" v=s1", "")
    )
    const forgotten = [...begin, "restart s1", "elect s1 by s2", "replicate s1 to s2"]
    expect(runScenario(`${forgotten.join("\n")}\nshow s1\n----\n`, "story.txt").text.split("----\n")[1]).toBe(
      "s1 L t2 c3 [1][1 @0 open][2]\nc1 has no session\n"
    )
  })

  test("with pre-vote begins with a question, without it with a campaign", () => {
    const outputOf = (setup: string) => runScenario(`servers 3\n${setup}timeout s1\n`, "f").text.split("----\n")[1]
    expect(outputOf("pre-vote\n")).toBe("s1 P t0 c0 [] votes=s1\n")
    expect(outputOf("in-flight 1\n")).toBe("s1 C t1 c0 [] votes=s1\n")
  })

  test("with check-quorum has a leader step down that nobody answers; without it that can't happen", () => {
    const text = "servers 3\ncheck-quorum\nelect s1 by s2\ncontact\ncheck-quorum s1\ncontact s1\n"
    expect(runScenario(text, "f").text.split("----\n")[1]).toBe(
      "s1 leads, answered by nobody\ns2 hears no leader\ns3 hears no leader\ns1 hears no leader\n" +
        "s1 F t1 c0 [1] v=s1\ns2 F t1 c0 [] v=s1\n"
    )
    expect(reasonOf(text.replace("check-quorum\n", "")))
      .toBe("story.txt:4: nothing happens: check-quorum s1")
  })

  test("takes snapshots of what is applied, and replicates by snapshot and log", () => {
    const text = "servers 3\nchunk-size 2\nelect s1 by s2\npropose s1 x\nheartbeat s1\nreplicate s1 to s2\nsnapshot s1\n" +
      "propose s1 y\nprogress s1\nheartbeat s1\nreplicate s1 to s3\nmessages s3->s1\n"
    expect(runScenario(text, "f").text.split("----\n")[1]).toBe(
      "s1->s2 next=4 match=2\ns1->s3 next=1 match=0 snapshot from piece 0\n" +
        "InstallSnapshotResponse s3->s1 #1: t1 {2} done\nAppendEntriesResponse s3->s1 #1: t1 match=3\n" +
        "s1 L t1 c3 {2/t1}[1y]\ns2 F t1 c0 [1][1x] v=s1\ns3 F t1 c2 {2/t1}[1y]\n"
    )
    expect(reasonOf(text.replace("snapshot s1\n", "snapshot s1\nsnapshot s1\n")))
      .toBe("story.txt:8: nothing happens: snapshot s1")
  })

  test("a snapshot crashes half-way like any step: before it is saved nothing has happened", () => {
    const text = "servers 1\ntimeout s1\nsnapshot s1 crash after 0\nrestart s1\n"
    expect(runScenario(text, "f").text.split("----\n")[1]).toBe("s1 F t1 c0 [1] v=s1\n")
    expect(runScenario(text.replace("after 0", "after 1"), "f").text.split("----\n")[1]).toBe("s1 F t1 c1 {1/t1} v=s1\n")
  })

  test.each([
    ["batch-bytes 2", "AppendEntriesRequest s1->s2 #2: t1 prev=1/t1 [1x] c1\nAppendEntriesRequest s1->s2 #3: t1 prev=2/t1 [1y] c1"],
    ["batch-bytes 4", "AppendEntriesRequest s1->s2 #2: t1 prev=1/t1 [1x][1y] c1"],
    ["in-flight 1", "AppendEntriesRequest s1->s2 #2: t1 prev=1/t1 [1x] c1"]
  ])("with %s sends no more at once", (setting, sent) => {
    const text = `servers 3\n${setting}\nelect s1 by s2\npropose s1 x\npropose s1 y\n----\n\n` +
      "deliver AppendEntriesRequest s1->s2\ndeliver AppendEntriesResponse s2->s1\nmessages s1->s2\n"
    expect(runScenario(text, "f").text.split("----\n")[2]).toContain(`${sent}\ns1 L`)
  })

  test("with uncommitted-bytes takes no more commands than that", () => {
    expect(reasonOf("servers 3\nuncommitted-bytes 3\nelect s1 by s2\npropose s1 x\npropose s1 y\n"))
      .toBe("story.txt:5: nothing happens: propose s1 y")
  })

  test("applies entries as they commit, or with apply-alone when told", () => {
    const text = "servers 1\napply-alone\ntimeout s1\n----\n\napply s1\n----\n"
    expect(runScenario(text, "f").text).toBe(
      "servers 1\napply-alone\ntimeout s1\n----\ns1 L t1 c1 a0 [1]\n\napply s1\n----\ns1 L t1 c1 a1 [1]\n"
    )
    expect(reasonOf(text.replace("apply-alone\n", ""))).toBe("story.txt:5: nothing happens: apply s1")
  })
})

describe("An error names file, line and reason:", () => {
  const cases: ReadonlyArray<readonly [claim: string, text: string, message: string]> = [
    ["an unknown command", "servers 3\n\n# why\nelcet s1 by s2\n----\n", `story.txt:4: no command "elcet"`],
    ["an unknown server", "servers 3\ntimeout s4\n", "story.txt:2: no server s4 (there are s1, s2, s3)"],
    ["a step that can't be taken", "servers 3\nheartbeat s1\n", "story.txt:2: nothing happens: heartbeat s1"],
    [
      "a message that nobody sent",
      "servers 3\n\ntimeout s1\ndeliver RequestVoteRequest s1->s2 #2\n",
      "story.txt:4: s1 has sent s2 no RequestVoteRequest #2"
    ],
    [
      "a vote that isn't given",
      "servers 3\ntimeout s2\nelect s1 by s2\n",
      "story.txt:3: s2 doesn't vote for s1"
    ],
    [
      "a step that was said to do nothing",
      "servers 3\nnothing: timeout s1\n",
      "story.txt:2: something happens: timeout s1"
    ],
    ["no cluster", "# nothing\n", `story.txt:1: the first command must be "servers n"`],
    ["a command before the cluster", "timeout s1\n", `story.txt:1: the first command must be "servers n"`],
    [
      "a setting that comes late",
      "servers 3\ntimeout s1\nbatch-bytes 1\n",
      `story.txt:3: "batch-bytes" must come right after "servers n"`
    ],
    [
      "a switch that comes late",
      "servers 3\ntimeout s1\ncheck-quorum\n",
      `story.txt:3: "check-quorum" must come right after "servers n"`
    ],
    ["a number too small", "servers 3\nchunk-size 0\n", `story.txt:2: expected "chunk-size n" with n from 1 to 999999999, found "chunk-size 0"`],
    ["a number too large", "servers 3\nin-flight 1000000000\n", `story.txt:2: expected "in-flight n" with n from 1 to 999999999, found "in-flight 1000000000"`],
    ["a number that is none", "servers 3\nuncommitted-bytes 1e3\n", `story.txt:2: expected "uncommitted-bytes n" with n from 1 to 999999999, found "uncommitted-bytes 1e3"`],
    ["a number left out", "servers 3\nbatch-bytes\n", `story.txt:2: expected "batch-bytes n" with n from 1 to 999999999, found "batch-bytes"`],
    ["a snapshot of two servers", "servers 3\nsnapshot s1 s2\n", `story.txt:2: expected "snapshot s1", found "snapshot s1 s2"`],
    ["a switch with a value", "servers 3\npre-vote on\n", `story.txt:2: expected "pre-vote", found "pre-vote on"`],
    [
      "output that runs into the next block, which rewriting would lose",
      "servers 3\ntimeout s1\n----\ns1 C t1 c0 [] votes=s1\ntimeout s2\n----\n",
      `story.txt:5: a blank line must come between output and "timeout s2"`
    ]
  ]
  for (const [claim, text, message] of cases) test(claim, () => expect(reasonOf(text)).toBe(message))
})

describe("A rule that is broken shows:", () => {
  afterEach(() => {
    vi.doUnmock("../../src/raft/Raft.ts")
    vi.resetModules()
  })

  test("a server that forgets its vote when it restarts violates VoteOnce, and ElectionSafety in the end", async () => {
    vi.resetModules()
    vi.doMock("../../src/raft/Raft.ts", async (original) => {
      const raft = await original<typeof import("../../src/raft/Raft.ts")>()
      const forget = (s: Server): Server => ({ ...s, votedFor: null })
      return { ...raft, Restart: (s: Server) => ({ ...raft.Restart(s), server: forget(raft.Restart(s).server) }) }
    })
    const { runScenario: run } = await import("./Scenario.ts")
    const text = "servers 3\ntimeout s3\nelect s1 by s2\nrestart s2\n----\n\n" +
      "deliver RequestVoteRequest s3->s2\ndeliver RequestVoteResponse s2->s3\n----\n"
    const { text: now, violations } = run(text, "story.txt")
    expect(violations).toEqual([
      "violates VoteOnce: restart s2",
      "violates RestartKeeps: restart s2",
      "violates ElectionSafety: deliver RequestVoteResponse s2->s3"
    ])
    expect(now).toContain("----\nviolates VoteOnce: restart s2\nviolates RestartKeeps: restart s2\ns1 L t1 c0 [1]\n")
  })

  test("one that throws is an error with file and line, too", async () => {
    vi.resetModules()
    vi.doMock("../../src/raft/Raft.ts", async (original) => ({
      ...await original<typeof import("../../src/raft/Raft.ts")>(),
      Handle: () => {
        throw new RangeError("no entry at 2")
      }
    }))
    const { runScenario: run } = await import("./Scenario.ts")
    expect(() => run("servers 3\nelect s1 by s2\n", "story.txt")).toThrow("story.txt:2: RangeError: no entry at 2")
  })
})
