// Goal: whoever knows the specification knows the code. Method: compare what the two texts define.
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { stateProperties, stepProperties } from "../raft/Properties.ts"
import { figure2, InitServer } from "../../src/raft/Server.ts"
import { Actions } from "../../src/raft/World.ts"
import { functions, operators, ruleIds } from "./Correspondence.ts"
import type { Definition } from "./Correspondence.ts"

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")

/** What only one side needs, and why. */
const onlySpec: Record<string, ReadonlyArray<string>> = {
  Server: ["Max", "Min", "NoPartial"], // Math.max, Math.min; a value
  Message: ["Step", "None"] // an interface; undefined
}

/** Parameters that are constants of the specification. */
const constants = new Set(["settings", "bounds"])

const core = (definitions: ReadonlyArray<Definition>, except: ReadonlyArray<string>) =>
  definitions
    .filter(({ name }) => !except.includes(name))
    .map(({ name, parameters }) => `${name}(${parameters.filter((p) => !constants.has(p)).join(", ")})`)
    .sort()

describe("Operators and exported functions correspond one to one", () => {
  for (const module of ["Server", "Message", "Commit", "Election", "Replication", "Snapshot", "Raft"]) {
    it(`spec/${module}.tla and src/raft/${module}.ts`, () => {
      const spec = core(operators(read(`spec/${module}.tla`)), onlySpec[module] ?? [])
      expect(spec.length).toBeGreaterThan(1)
      expect(core(functions(read(`src/raft/${module}.ts`)), [])).toEqual(spec)
    })
  }

  it("spec/World.tla and src/raft/World.ts: the ghost, and every action of the world", () => {
    const spec = operators(read("spec/World.tla"))
    // The rest lifts one server's step to the world, which the explorer does for every model.
    const lifting = ["vars", "Take", "Receive", "Init", "Next", "Spec"]
    const isAction = ({ name }: Definition) => name.endsWith("Action")
    const receives = spec.filter(({ name }) => /^Receive\w/.test(name)).map(({ name }) => name)
    const handled = [...read("src/raft/Raft.ts").matchAll(/case "(\w+)":\n\s+return Handle/g)].map(([, m]) => `Receive${m}`)
    expect(spec.filter(isAction).map(({ name }) => name)).toEqual(Actions.map(({ name }) => name))
    expect(receives).toEqual(handled)
    expect(core(functions(read("src/raft/World.ts")), ["receiveAction"])).toEqual(
      core(
        spec.filter((d) => !isAction(d) && !receives.includes(d.name)),
        lifting
      )
    )
  })

  it("spec/Properties.tla and check/raft/Properties.ts: the same properties in the same order", () => {
    const spec = operators(read("spec/Properties.tla")).map(({ name }) => name)
    const beside = ["CommittedMachine", "Restarts", "Log", "RefinesReplicatedLog", "RefinesReplicatedLogSteps"]
    expect([...stateProperties, ...stepProperties].map(({ name }) => name)).toEqual(
      spec.filter((name) => !beside.includes(name))
    )
  })

  it("a server has the same fields in the same order", () => {
    const record = /InitServer\(id, members\) ==\n([\s\S]*?)\]\n\n/.exec(read("spec/Server.tla"))![1]!
    const fields = [...record.matchAll(/^ *\[?(\w+) +\|->/gm)].map(([, name]) => name)
    expect(Object.keys(InitServer("s1", ["s1"], figure2)).filter((name) => name !== "settings")).toEqual(fields)
  })

  it("both name the same rules of the paper", () => {
    for (const module of ["Commit", "Election", "Replication", "Snapshot"]) {
      const ids = ruleIds(read(`spec/${module}.tla`))
      expect(ids.length).toBeGreaterThan(1)
      expect(ruleIds(read(`src/raft/${module}.ts`))).toEqual(ids)
    }
  })

  it("a missing function, an extra one and another parameter order are noticed", () => {
    const spec = operators("A(s, m) ==\n  s\n\nB(s) == s\n")
    expect(core(functions("export const A = (s: S, m: M): S => s\nexport const B = (s: S) => s\n"), [])).toEqual(core(spec, []))
    expect(core(functions("export const A = (m: M, s: S): S => s\nexport const B = (s: S) => s\n"), [])).not.toEqual(core(spec, []))
    expect(core(functions("export const A = (s: S, m: M): S => s\n"), [])).not.toEqual(core(spec, []))
  })
})
