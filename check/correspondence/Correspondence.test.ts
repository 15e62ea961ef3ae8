// Goal: whoever knows the specification knows the code. Method: compare what the two texts define.
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { stateProperties, stepProperties } from "../raft/Properties.ts"
import { actions } from "../kv/KV.ts"
import { properties as kvProperties } from "../kv/Properties.ts"
import { Actions as kvActions, InitServer as InitKVServer } from "../kv/ReplicatedKV.ts"
import { InitClient } from "../../src/kv/Client.ts"
import { InitKV } from "../../src/kv/Sessions.ts"
import { figure2, InitServer } from "../../src/raft/Server.ts"
import { Actions } from "../../src/raft/World.ts"
import { functions, operators, ruleIds } from "./Correspondence.ts"
import type { Definition } from "./Correspondence.ts"

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")

/** What only one side needs, and why. */
const onlySpec: Record<string, ReadonlyArray<string>> = {
  Server: ["Max", "Min", "NoPartial"], // Math.max, Math.min; a value
  Message: ["Step", "None"], // an interface; undefined
  Map: ["Max", "Min", "NoTable", "only", "with", "InitData"], // Math.max, Math.min; objects
  Sessions: ["InitKV"], // values
  Client: ["InitClient"],
  ReplicatedKV: ["InitServer"]
}

const onlyCode: Record<string, ReadonlyArray<string>> = {
  Sessions: ["deadline"] // the specification looks at every session
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

  for (const module of ["Map", "Sessions", "Client"]) {
    it(`spec/${module}.tla and src/kv/${module}.ts`, () => {
      const spec = core(operators(read(`spec/${module}.tla`)), onlySpec[module] ?? [])
      expect(spec.length).toBeGreaterThan(1)
      expect(core(functions(read(`src/kv/${module}.ts`)), onlyCode[module] ?? [])).toEqual(spec)
    })
  }

  it("spec/ReplicatedKV.tla and check/kv/ReplicatedKV.ts: rules of servers, every action of the world, and what must hold", () => {
    const text = read("spec/ReplicatedKV.tla")
    const [model, claims] = text.split("(* What must hold. *)").map(operators) as [ReadonlyArray<Definition>, ReadonlyArray<Definition>]
    const isAction = ({ name }: Definition) => name.endsWith("Action")
    const next = /^Next ==\n([\s\S]*?)\n\n/m.exec(text)![1]!
    expect([...next.matchAll(/\\\/ (\w+Action)\(/g)].map(([, name]) => name)).toEqual(kvActions.map(({ name }) => name))
    expect(model.filter(isAction).map(({ name }) => name).sort()).toEqual(kvActions.map(({ name }) => name).sort())
    // The rest lifts one server's step to the world.
    const lifting = ["vars", "Step", "Take", "Init", "Next", "Spec", ...onlySpec["ReplicatedKV"]!]
    expect(core(functions(read("check/kv/ReplicatedKV.ts")), ["InitWorld"]))
      .toEqual(core(model.filter((d) => !isAction(d)), lifting))
    const names = claims.map(({ name }) => name)
    expect(names.filter((name) => kvProperties.some((property) => property.name === name))).toEqual(kvProperties.map(({ name }) => name))
    const beside = ["Log", "RefinesReplicatedLog", "RefinesReplicatedLogSteps", "AnswerInLog", "Promise", "BeginsAsKV"]
    const helpers = ["MachineAt", "LogTime", "LastUse", "Alive"]
    expect(names.filter((name) => ![...beside, ...kvProperties.map((property) => property.name)].includes(name))).toEqual(helpers)
    for (const helper of helpers) expect(read("check/kv/Properties.ts")).toContain(`const ${helper} = (`)
  })

  it("spec/KV.tla and check/kv/KV.ts: the same actions", () => {
    const next = /^Next == (.*)$/m.exec(read("spec/KV.tla"))![1]!
    expect([...next.matchAll(/(\w+)\(c\)/g)].map(([, name]) => name)).toEqual(actions)
    for (const action of actions) expect(read("check/kv/KV.ts")).toContain(`\nconst ${action} = (p: Promised, c: string`)
  })

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

  it("the map, a session's server and a client have the same fields", () => {
    const fieldsOf = (module: string, operator: string) => {
      const record = new RegExp(`^${operator} ==\\n([\\s\\S]*?)\\n\\n`, "m").exec(read(`spec/${module}.tla`))![1]!
      return [...record.matchAll(/^  [[ ](\w+) +\|->/gm)].map(([, name]) => name)
    }
    expect(Object.keys(InitKV)).toEqual(fieldsOf("Sessions", "InitKV"))
    expect(Object.keys(InitClient)).toEqual(fieldsOf("Client", "InitClient"))
    expect(Object.keys(InitKVServer)).toEqual(fieldsOf("ReplicatedKV", "InitServer"))
  })

  it("both name the same rules", () => {
    const twins = [
      ...["Commit", "Election", "Replication", "Snapshot"].map((module) => [module, `src/raft/${module}.ts`] as const),
      ...["Map", "Sessions", "Client"].map((module) => [module, `src/kv/${module}.ts`] as const)
    ]
    for (const [module, file] of twins) {
      const ids = ruleIds(read(`spec/${module}.tla`))
      expect(ids.length).toBeGreaterThan(1)
      expect(ruleIds(read(file))).toEqual(ids)
    }
  })

  it("each rule of sessions and clients has a test with its id in the title", () => {
    for (const module of ["Map", "Sessions", "Client"]) {
      const titles = [...read(`check/kv/${module}.test.ts`).matchAll(/\bit\("([^"]+)"/g)].map(([, title]) => title!)
      expect(ruleIds(read(`src/kv/${module}.ts`)).filter((id) => !titles.some((title) => title.startsWith(`${id}:`)))).toEqual([])
    }
  })

  it("a missing function, an extra one and another parameter order are noticed", () => {
    const spec = operators("A(s, m) ==\n  s\n\nB(s) == s\n")
    expect(core(functions("export const A = (s: S, m: M): S => s\nexport const B = (s: S) => s\n"), [])).toEqual(core(spec, []))
    expect(core(functions("export const A = (m: M, s: S): S => s\nexport const B = (s: S) => s\n"), [])).not.toEqual(core(spec, []))
    expect(core(functions("export const A = (s: S, m: M): S => s\n"), [])).not.toEqual(core(spec, []))
  })
})
