/** Models of Raft, for tools that take any. */
import { settled } from "../explorer/Naive.ts"
import { stateProperties, stepProperties } from "../raft/Properties.ts"
import { sometimes } from "../raft/Sometimes.ts"
import { contents, stateLine } from "../render/Notation.ts"
import { spaceTime } from "../render/SpaceTime.ts"
import { storyTable } from "../render/Table.ts"
import { fromBehaviour } from "../scenario/FromBehaviour.ts"
import type { Told } from "../scenario/FromBehaviour.ts"
import type { StateTexts } from "../tlc/Dot.ts"
import { elements, fields } from "../tlc/Slices.ts"
import { parseValue } from "../tlc/Value.ts"
import type { Message } from "../../src/raft/Message.ts"
import type { Server, Settings } from "../../src/raft/Server.ts"
import type { Ghost } from "../../src/raft/World.ts"
import { decodeWorld, plain } from "./Decode.ts"
import type { Layer } from "./Layer.ts"
import { edgeLabel } from "./Module.ts"
import { raftModel } from "./RaftModel.ts"
import type { RaftWorld } from "./RaftModel.ts"
import { raftModule } from "./RaftModule.ts"
import type { RaftSpec } from "./Table.ts"
import { differingLines, worldLines } from "./Unequal.ts"

/** Reads the states of a dump; parts of states repeat all the time, so each text is read once. */
const stateReader = (settings: Settings) => {
  const values = new Map<string, unknown>()
  const value = <T>(text: string): T => {
    let known = values.get(text)
    if (known === undefined) values.set(text, known = plain(parseValue(text)))
    return known as T
  }
  const server = (text: string): Server => {
    const key = `server ${text}`
    let known = values.get(key) as Server | undefined
    if (known === undefined) values.set(key, known = { ...value<Server>(text), settings })
    return known
  }
  return (texts: StateTexts): RaftWorld => ({
    actors: fields(texts["servers"]!).sort(([a], [b]) => a < b ? -1 : 1).map(([, text]) => server(text)),
    messages: elements(texts["messages"]!).map((text) => value<Message>(text)),
    left: value<Record<string, number>>(texts["left"]!),
    ghost: value<Ghost>(texts["ghost"]!)
  })
}

/** A counterexample as people read it: a table, a space-time diagram, and a scenario that replays it. */
export const toldText = ({ missing, story, text }: Told): string => {
  const gap = missing === undefined ? "" : `\nStep ${missing.step} is not a step of the TypeScript core: ${missing.reason}\n`
  return `${storyTable(story)}\n\n${spaceTime(story)}\n${gap}\nScenario (save it, then: lockstep scenario FILE):\n\n${text}`
}

const refuted = (spec: RaftSpec, worlds: ReadonlyArray<RaftWorld>, property: string): string | undefined => {
  const { missing, text } = fromBehaviour(spec, worlds, `violates ${property}`)
  if (missing !== undefined) return `step ${missing.step}: ${missing.reason}`
  return text.includes(`\nviolates ${property}: `) ? undefined : "replayed, it doesn't violate it"
}

export const raftLayer = (spec: RaftSpec): Layer<Server, Message, Ghost> => {
  const model = raftModel(spec)
  return {
    model,
    reduced: (name) => {
      const predicate = sometimes.get(name)
      return {
        ...model,
        properties: [...stateProperties, ...stepProperties].filter((property) => property.name === name),
        mustReach: predicate === undefined ? [] : [predicate]
      }
    },
    module: raftModule(spec, settled(model, model.root)),
    edgeLabel,
    stateReader: () => stateReader(spec.settings),
    worldOf: (variables) => decodeWorld(variables, spec.settings),
    actorText: stateLine,
    messageText: (m) => `${m.type} ${m.source}->${m.dest} ${contents(m)}`,
    differingLines,
    worldLines,
    refuted: (worlds, property) => refuted(spec, worlds, property),
    told: (worlds, title) => {
      const story = fromBehaviour(spec, worlds, title)
      return { text: toldText(story), story }
    }
  }
}
