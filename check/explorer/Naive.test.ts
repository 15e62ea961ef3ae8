import fc from "fast-check"
import { describe, expect, test, vi } from "vitest"
import { explore } from "./Explore.ts"
import { canonical } from "./Intern.ts"
import type { Model, World } from "./Model.ts"
import { model } from "./toys.ts"

// However busy the machine.
vi.setConfig({ testTimeout: 120_000 })

// Goal: the explorer's tables and memos change nothing. Method: random models of a few hundred worlds, given as
// tables of what each local state does, explored also by the plainest search, over JSON texts of whole worlds.

interface State {
  readonly id: number
  readonly value: number
}

interface Mail {
  readonly to: number
  readonly word: number
}

type Small = Model<State, Mail, number>

const values = 3
const words = 2

const naive = (small: Small) => {
  const text = (world: World<State, Mail, number>): string => {
    const alive = world.messages.filter((message) => !small.dead?.(world.actors[message.to]!, message))
    return canonical({ ...world, messages: [...new Set(alive.map(canonical))].sort() })
  }
  const parse = (key: string): World<State, Mail, number> => {
    const world = JSON.parse(key) as World<State, string, number>
    return { ...world, messages: world.messages.map((message) => JSON.parse(message) as Mail) }
  }
  const edges: Array<string> = []
  const labels: Record<string, number> = {}
  let level = [text(small.root)]
  const visited = new Set(level)
  let depth = 0
  for (; level.length > 0; depth++) {
    const next: Array<string> = []
    for (const from of level) {
      if (visited.size > 500) return undefined
      const world = parse(from)
      const edge = (label: string, position: number, step: { actor: State; sends: ReadonlyArray<Mail> }, spends?: string) => {
        const to = text({
          actors: world.actors.with(position, step.actor),
          messages: [...world.messages, ...step.sends],
          left: spends === undefined ? world.left : { ...world.left, [spends]: world.left[spends]! - 1 },
          ghost: small.remember(world.ghost, world.actors[position]!, step.actor)
        })
        edges.push(`${from} ${label} ${position} ${to}`)
        labels[label] = (labels[label] ?? 0) + 1
        if (!visited.has(to)) next.push(to)
        visited.add(to)
      }
      world.actors.forEach((actor, position) => {
        for (const { name, outcomes, spends } of small.actions) {
          if (spends !== undefined && world.left[spends] === 0) continue
          const steps = outcomes(actor).map((step) =>
            canonical({ ...step, sends: [...new Set(step.sends.map(canonical))].sort() }))
          for (const step of new Set(steps)) {
            const { actor, sends } = JSON.parse(step) as { actor: State; sends: Array<string> }
            edge(name, position, { actor, sends: sends.map((message) => JSON.parse(message) as Mail) }, spends)
          }
        }
      })
      for (const message of world.messages) {
        const step = small.handle(world.actors[message.to]!, message)
        if (step !== undefined) edge(small.receives(message), message.to, step)
      }
    }
    level = next
  }
  return { distinct: visited.size, generated: edges.length + 1, depth, labels, edges: edges.sort(), visited, text }
}

const mail = (actors: number) => fc.record({ to: fc.nat(actors - 1), word: fc.nat(words - 1) })

const outcome = (actors: number) =>
  fc.record({ value: fc.nat(values - 1), sends: fc.array(mail(actors), { maxLength: 3 }) })

/** For every actor and value. */
const table = <T>(actors: number, entry: fc.Arbitrary<T>) =>
  fc.array(fc.array(entry, { minLength: values, maxLength: values }), { minLength: actors, maxLength: actors })

const smallModel: fc.Arbitrary<Small> = fc.integer({ min: 1, max: 3 }).chain((actors) =>
  fc.record({
    free: table(actors, fc.array(outcome(actors), { maxLength: 2 })),
    paid: table(actors, fc.array(outcome(actors), { maxLength: 2 })),
    handled: table(actors, fc.array(fc.option(outcome(actors)), { minLength: words, maxLength: words })),
    ghosts: fc.array(fc.nat(2), { minLength: 27, maxLength: 27 }),
    left: fc.record({ paid: fc.nat(2), other: fc.nat(1) }),
    messages: fc.array(mail(actors), { maxLength: 2 }),
    pruned: fc.boolean()
  }).map(({ free, ghosts, handled, left, messages, paid, pruned }) => {
    const steps = (from: typeof free) => ({ id, value }: State) =>
      from[id]![value]!.map(({ sends, value }) => ({ actor: { id, value }, sends }))
    /** Values that an actor may come to have, whatever happens. */
    const future = (id: number, value: number): Set<number> => {
      const met = new Set([value])
      for (const value of met) {
        const next = [...free[id]![value]!, ...paid[id]![value]!, ...handled[id]![value]!]
        for (const step of next) if (step !== null) met.add(step.value)
      }
      return met
    }
    return model<State, Mail, number>({
      root: { actors: handled.map((_, id) => ({ id, value: 0 })), messages, left, ghost: 0 },
      actions: [
        { name: "Free", outcomes: steps(free) },
        { name: "Paid", spends: "paid", outcomes: steps(paid) },
        { name: "Other", spends: "other", outcomes: ({ id }) => [{ actor: { id, value: 0 }, sends: [] }] }
      ],
      dest: ({ to }) => to,
      receives: ({ word }) => `Receive${word}`,
      handle: ({ id, value }, { word }) => {
        const step = handled[id]![value]![word]!
        return step === null ? undefined : { actor: { id, value: step.value }, sends: step.sends }
      },
      remember: (ghost, before, after) => ghosts[9 * ghost + 3 * before.value + after.value]!,
      ...(pruned
        ? {
          dead: ({ id, value }, { word }) =>
            [...future(id, value), ...future(id, 0)].every((value) => handled[id]![value]![word] === null)
        }
        : {})
    })
  })
)

describe("against the plainest search", () => {
  test("random small models have the same counts, worlds and labelled edges", async () => {
    await fc.assert(
      fc.asyncProperty(smallModel, async (small) => {
        const expected = naive(small)
        fc.pre(expected !== undefined)
        const { graph, result } = await explore(small)
        expect(result.violations).toEqual([])
        expect(result).toMatchObject({
          complete: true,
          distinct: expected.distinct,
          generated: expected.generated,
          depth: expected.depth
        })
        expect(result.labels).toEqual(expected.labels)
        const texts = Array.from({ length: graph.size }, (_, index) => expected.text(graph.world(index)))
        expect(new Set(texts)).toEqual(expected.visited)
        const edges = [...graph.edges()].map(({ actor, from, label, to }) => `${texts[from]} ${label} ${actor} ${texts[to]}`)
        expect(edges.sort()).toEqual(expected.edges)
        const found = Array.from({ length: graph.size }, (_, index) => {
          const { messages, ...world } = graph.world(index)
          return graph.indexOf({ ...world, messages: messages.toReversed() })
        })
        expect(found).toEqual([...found.keys()])
      }),
      { numRuns: 60 }
    )
  })
})
