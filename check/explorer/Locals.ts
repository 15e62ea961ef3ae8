/**
 * What one actor can do, computed once for each local state. A *cell* is an actor's state together with its mailbox,
 * the set of messages pending for it; a *step* is a local transition, by an action or by consuming a message. Cells,
 * steps, ghosts, mailboxes are integers here, so that the functions of a model run once per local transition (hundreds
 * to thousands) and not once per transition of the whole (millions).
 */
import { canonical, Interner } from "./Intern.ts"
import type { Entry, Ledger } from "./Ledger.ts"
import type { LocalStep, Model, Outcome, World } from "./Model.ts"
import { absent, IntLists, Ints, PairMap, RowMap } from "./Tables.ts"

/** A function of the model has thrown: `where` is the function's name, or the action's. */
export class Crash extends Error {
  readonly where: string
  constructor(where: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.where = where
  }
}

/** In the memo of receives: consuming the message is not a step. */
const noStep = -2

/** Of a step by which it was taken, or of an edge: not known yet. */
const unknown = -1

/** Fields of a step: its label, budget (-1: none), transition, and where its sends begin and end. */
export const stepLabel = 0
export const stepBudget = 1
export const stepTransition = 2
export const stepFirstSend = 3
export const stepLastSend = 4
export const stepWidth = 5

/** Fields of a send, all messages of a step for one actor: the actor's position, and the set of messages. */
export const sendTo = 0
export const sendSet = 1
export const sendWidth = 2

interface Step<Actor, Message> {
  readonly label: string
  readonly position: number
  /** Numbers of the actor's states before and after. */
  readonly before: number
  readonly after: number
  readonly message: Message | undefined
  /** Undefined when the model's function threw instead. */
  readonly outcome: Outcome<Actor, Message> | undefined
  readonly crash: Crash | undefined
}

export class Locals<A, M, G> {
  readonly model: Model<A, M, G>
  /** Names of the budgets. A world's budgets are one integer: their digits, the radix of each being root's value + 1. */
  readonly budgets: ReadonlyArray<string>
  private readonly radix: ReadonlyArray<number>

  /** States of actors with the actor's position: equal states of different actors are different. */
  readonly actors = new Interner<readonly [position: number, state: A]>()
  readonly messages = new Interner<M>()
  readonly destinations = new Ints()
  readonly ghosts = new Interner<G>()
  private readonly mailboxes = new IntLists()

  // Per cell: its actor and mailbox; where its edges begin and end (begin = unknown: not expanded).
  private readonly cells = new PairMap()
  readonly cellActor = new Ints()
  readonly cellMailbox = new Ints()
  readonly firstEdge = new Ints()
  readonly lastEdge = new Ints()
  // Per edge: the step taken, and the actor's cell after it (unknown until some world takes it).
  readonly edgeStep = new Ints()
  readonly edgeNext = new Ints()

  readonly steps: Array<Step<A, M>> = []
  /** Per step `stepWidth` words, per send of a step `sendWidth`. */
  readonly stepFields = new Ints()
  readonly sendFields = new Ints()
  readonly labels: Array<string> = []

  private readonly actionSteps: Array<ReadonlyArray<number> | undefined> = []
  private readonly receives = new PairMap()
  private readonly dead = new PairMap()
  private readonly unions = new PairMap()
  private readonly prunings = new PairMap()
  private readonly deliveries = new RowMap()
  private readonly transitions = new PairMap()
  readonly transitionBefore = new Ints()
  readonly transitionAfter = new Ints()
  private readonly memories = new PairMap()
  // Per transition: the ghost last asked for, and the answer.
  private readonly lastGhost = new Ints()
  private readonly lastMemory = new Ints()

  private readonly ledger: Ledger | undefined

  /** With a ledger, all threads that use it give the same numbers to actors, messages, ghosts and cells. */
  constructor(model: Model<A, M, G>, ledger?: Ledger) {
    this.model = model
    this.ledger = ledger
    this.budgets = Object.keys(model.root.left)
    let size = 1
    this.radix = this.budgets.map((name) => {
      const radix = size
      size *= model.root.left[name]! + 1
      return radix
    })
    if (size > 2 ** 31) throw new RangeError(`${model.name}: budgets have ${size} combinations, more than 2^31`)
    for (const action of model.actions) {
      if (action.spends !== undefined && !this.budgets.includes(action.spends)) {
        throw new Error(`${model.name}: ${action.name} spends ${action.spends}, which the root has none of`)
      }
    }
  }

  /** Components of a world's vector: a cell for each actor, then the ghost, then the budgets. */
  get width(): number {
    return this.model.actors.length + 2
  }

  get bytes(): number {
    let bytes = this.actors.bytes + this.messages.bytes + this.ghosts.bytes
    for (const table of Object.values(this)) {
      if ([Ints, PairMap, RowMap, IntLists].some((type) => table instanceof type)) bytes += (table as Ints).bytes
    }
    return bytes + 256 * this.steps.length
  }

  /** Learns the numbers that other threads have given. */
  catchUp(): void {
    this.ledger?.read((entry) => this.apply(entry))
  }

  /** The vector of a world, dead messages left out. Throws a Crash when a function of the model does. */
  encode(world: World<A, M, G>): Int32Array {
    const vector = new Int32Array(this.width)
    const messages = world.messages.map((message) => this.messageId(message))
    world.actors.forEach((state, position) => {
      const actor = this.actorId(position, state)
      const own = messages.filter((message) => this.destinations.items[message] === position)
      vector[position] = this.cellId(actor, this.prune(this.mailboxes.id(sortedSet(own)), actor))
    })
    vector[world.actors.length] = this.ghostId(world.ghost)
    vector[world.actors.length + 1] = this.encodeLeft(world.left)
    return vector
  }

  /** The world of a vector; messages in the order of their numbers. */
  decode(vectors: Int32Array, start = 0): World<A, M, G> {
    const count = this.model.actors.length
    const cells = Array.from(vectors.subarray(start, start + count))
    const left = vectors[start + count + 1]!
    return {
      actors: cells.map((cell) => this.actors.values[this.cellActor.items[cell]!]![1]),
      messages: cells.flatMap((cell) => this.pending(cell)).map((message) => this.messages.values[message]!),
      left: Object.fromEntries(this.budgets.map((name, budget) => [name, this.left(left, budget)])),
      ghost: this.ghosts.values[vectors[start + count]!]!
    }
  }

  /** The vector of a world if all its parts have been met, as `encode`; undefined when one hasn't. */
  lookUp(world: World<A, M, G>): Int32Array | undefined {
    const vector = new Int32Array(this.width)
    const messages = world.messages.map((message) => this.messages.find(message))
    if (messages.includes(-1)) return undefined
    for (const [position, state] of world.actors.entries()) {
      const actor = this.actors.find([position, state])
      if (actor < 0) return undefined
      const own = messages.filter((message) => this.destinations.items[message] === position)
      const cell = this.cells.get(actor, this.prune(this.mailboxes.id(sortedSet(own)), actor))
      if (cell === absent) return undefined
      vector[position] = cell
    }
    vector[world.actors.length] = this.ghosts.find(world.ghost)
    vector[world.actors.length + 1] = this.encodeLeft(world.left)
    return vector
  }

  /** What is left of a budget, given a world's budgets. */
  left(budgets: number, budget: number): number {
    return Math.floor(budgets / this.radix[budget]!) % (this.model.root.left[this.budgets[budget]!]! + 1)
  }

  /** How much a world's budgets fall when this one is used. */
  price(budget: number): number {
    return this.radix[budget]!
  }

  /** Finds the edges of a cell: its actor's actions, and the consumption of each message of its mailbox. */
  expand(cell: number): void {
    const actor = this.cellActor.items[cell]!
    const steps = [...this.actions(actor)]
    for (const message of this.mailboxes.list(this.cellMailbox.items[cell]!)) {
      const step = this.receive(actor, message)
      if (step !== noStep) steps.push(step)
    }
    this.firstEdge.items[cell] = this.edgeStep.length
    for (const step of steps) {
      this.edgeStep.push(step)
      this.edgeNext.push(unknown)
    }
    this.lastEdge.items[cell] = this.edgeStep.length
  }

  /** The cell of the acting actor after an edge. Throws a Crash when the step was one, or `dead` throws. */
  take(edge: number, cell: number): number {
    const step = this.edgeStep.items[edge]!
    const crash = this.steps[step]!.crash
    if (crash !== undefined) throw crash
    const { after, position } = this.steps[step]!
    let mailbox = this.cellMailbox.items[cell]!
    for (const [to, set] of this.sends(step)) if (to === position) mailbox = this.union(mailbox, set)
    const next = this.cellId(after, this.prune(mailbox, after))
    this.edgeNext.items[edge] = next
    return next
  }

  /** The cell after a set of messages has arrived in its mailbox. */
  deliver(cell: number, set: number): number {
    const known = this.deliveries.get(cell, set)
    if (known !== absent) return known
    const actor = this.cellActor.items[cell]!
    const next = this.cellId(actor, this.union(this.cellMailbox.items[cell]!, this.prune(set, actor)))
    this.deliveries.set(cell, set, next)
    return next
  }

  /** The ghost after a transition. */
  remember(ghost: number, transition: number): number {
    if (this.lastGhost.items[transition] === ghost) return this.lastMemory.items[transition]!
    let next = this.memories.get(ghost, transition)
    if (next === absent) {
      const before = this.actorState(this.transitionBefore.items[transition]!)
      const after = this.actorState(this.transitionAfter.items[transition]!)
      next = this.ghostId(guard("remember", () => this.model.remember(this.ghosts.values[ghost]!, before, after)))
      this.memories.set(ghost, transition, next)
    }
    this.lastGhost.items[transition] = ghost
    this.lastMemory.items[transition] = next
    return next
  }

  /** Numbers of the actors' states that reachable worlds hold. */
  met(): Array<number> {
    return [...new Set(this.cellActor.items.subarray(0, this.cellActor.length))]
  }

  actorState(actor: number): A {
    return this.actors.values[actor]![1]
  }

  /** A step as properties see it; only of one that isn't a crash. */
  localStep(step: number): LocalStep<A, M> {
    const { before, label, message, outcome } = this.steps[step]!
    return { label, before: this.actorState(before), message, after: outcome!.actor, sends: outcome!.sends }
  }

  /** Numbers of the messages that are pending in a cell. */
  pending(cell: number): Array<number> {
    return this.mailboxes.list(this.cellMailbox.items[cell]!)
  }

  /** Numbers of the messages that a step sends. */
  sent(step: number): Array<number> {
    return this.sends(step).flatMap(([, set]) => this.mailboxes.list(set))
  }

  private encodeLeft(left: Readonly<Record<string, number>>): number {
    return this.budgets.reduce((sum, name, budget) => sum + left[name]! * this.radix[budget]!, 0)
  }

  private actorId(position: number, state: A): number {
    const value = [position, state] as const
    const find = (): number => this.actors.find(value)
    const known = find()
    return known >= 0 ? known : this.number(find, () => ({ kind: "actor", tag: position, text: canonical(state) }))
  }

  private messageId(message: M): number {
    const find = (): number => this.messages.find(message)
    const known = find()
    if (known >= 0) return known
    const position = guard("dest", () => this.model.dest(message))
    if (!(position in this.model.actors)) throw new Crash("dest", `there is no actor ${position}`)
    return this.number(find, () => ({ kind: "message", tag: position, text: canonical(message) }))
  }

  private ghostId(ghost: G): number {
    const find = (): number => this.ghosts.find(ghost)
    const known = find()
    return known >= 0 ? known : this.number(find, () => ({ kind: "ghost", tag: 0, text: canonical(ghost) }))
  }

  private cellId(actor: number, mailbox: number): number {
    const known = this.cells.get(actor, mailbox)
    if (known !== absent) return known
    if (this.ledger === undefined) return this.addCell(actor, mailbox)
    const find = (): number => this.cells.get(actor, mailbox)
    return this.number(find, () => ({ kind: "cell", tag: actor, messages: this.mailboxes.list(mailbox) }))
  }

  /** Numbers a value that isn't known: in all threads, unless another thread has done so meanwhile. */
  private number(find: () => number, entry: () => Entry): number {
    if (this.ledger === undefined) return this.apply(entry())
    let id = -1
    this.ledger.locked(() => {
      this.catchUp()
      id = find()
      if (id >= 0) return undefined
      const added = entry()
      id = this.apply(added)
      return added
    })
    return id
  }

  /** (An entry's text was made of a value of its kind, so it is one.) */
  private apply(entry: Entry): number {
    switch (entry.kind) {
      case "actor":
        return this.actors.add([entry.tag, JSON.parse(entry.text) as A])
      case "message":
        this.destinations.push(entry.tag)
        return this.messages.add(JSON.parse(entry.text) as M)
      case "ghost":
        return this.ghosts.add(JSON.parse(entry.text) as G)
      case "cell":
        return this.addCell(entry.tag, this.mailboxes.id(entry.messages))
    }
  }

  private addCell(actor: number, mailbox: number): number {
    const cell = this.cellActor.length
    this.cellActor.push(actor)
    this.cellMailbox.push(mailbox)
    this.firstEdge.push(unknown)
    this.lastEdge.push(unknown)
    this.cells.set(actor, mailbox, cell)
    return cell
  }

  private labelId(label: string): number {
    const known = this.labels.indexOf(label)
    return known >= 0 ? known : this.labels.push(label) - 1
  }

  private transitionId(before: number, after: number): number {
    const known = this.transitions.get(before, after)
    if (known !== absent) return known
    const transition = this.transitionBefore.length
    this.transitionBefore.push(before)
    this.transitionAfter.push(after)
    this.lastGhost.push(unknown)
    this.lastMemory.push(unknown)
    this.transitions.set(before, after, transition)
    return transition
  }

  /** The mailbox that holds the messages of two. */
  private union(mailbox: number, other: number): number {
    if (other === 0) return mailbox
    const known = this.unions.get(mailbox, other)
    if (known !== absent) return known
    const union = this.mailboxes.id(merge(this.mailboxes.list(mailbox), this.mailboxes.list(other)))
    this.unions.set(mailbox, other, union)
    return union
  }

  /** The mailbox without the messages that are dead for its actor. */
  private prune(mailbox: number, actor: number): number {
    if (this.model.dead === undefined) return mailbox
    const known = this.prunings.get(mailbox, actor)
    if (known !== absent) return known
    const pruned = this.mailboxes.id(this.mailboxes.list(mailbox).filter((message) => !this.isDead(actor, message)))
    this.prunings.set(mailbox, actor, pruned)
    return pruned
  }

  /** Whether a message is dead for an actor. Throws a Crash when the model's `dead` throws. */
  isDead(actor: number, message: number): boolean {
    const known = this.dead.get(actor, message)
    if (known !== absent) return known === 1
    const isDead = guard("dead", () => this.model.dead!(this.actorState(actor), this.messages.values[message]!))
    this.dead.set(actor, message, isDead ? 1 : 0)
    return isDead
  }

  /** The steps that an actor can take of its own accord. */
  private actions(actor: number): ReadonlyArray<number> {
    const known = this.actionSteps[actor]
    if (known !== undefined) return known
    const steps: Array<number> = []
    for (const action of this.model.actions) {
      const budget = action.spends === undefined ? unknown : this.budgets.indexOf(action.spends)
      const add = (outcome: () => Outcome<A, M>): number =>
        this.addStep(action.name, actor, undefined, budget, outcome)
      let outcomes: ReadonlyArray<Outcome<A, M>>
      try {
        outcomes = action.outcomes(this.actorState(actor))
      } catch (error) {
        steps.push(add(() => {
          throw error
        }))
        continue
      }
      // The outcomes are a set, as the specification's: equal ones are one edge.
      const seen = new Set<string>()
      for (const outcome of outcomes) {
        const step = add(() => outcome)
        const effect = `${this.steps[step]!.after} ${this.sends(step).join(" ")}`
        if (!seen.has(effect)) steps.push(step)
        seen.add(effect)
      }
    }
    this.actionSteps[actor] = steps
    return steps
  }

  /** What a step sends: positions and sets of messages. */
  private sends(step: number): Array<readonly [to: number, set: number]> {
    const { items } = this.sendFields
    const sends: Array<readonly [number, number]> = []
    const last = this.stepFields.items[step * stepWidth + stepLastSend]!
    for (let send = this.stepFields.items[step * stepWidth + stepFirstSend]!; send < last; send += sendWidth) {
      sends.push([items[send + sendTo]!, items[send + sendSet]!])
    }
    return sends
  }

  /** The step by which an actor consumes a message, or `noStep`. */
  private receive(actor: number, message: number): number {
    const known = this.receives.get(actor, message)
    if (known !== absent) return known
    const value = this.messages.values[message]!
    let step: number
    try {
      const outcome = this.model.handle(this.actorState(actor), value)
      step = outcome === undefined
        ? noStep
        : this.addStep(this.model.receives(value), actor, value, unknown, () => outcome)
    } catch (error) {
      step = this.addStep("handle", actor, value, unknown, () => {
        throw error
      })
    }
    this.receives.set(actor, message, step)
    return step
  }

  private addStep(
    label: string,
    before: number,
    message: M | undefined,
    budget: number,
    result: () => Outcome<A, M>
  ): number {
    const position = this.actors.values[before]![0]
    let outcome: Outcome<A, M> | undefined
    let crash: Crash | undefined
    let after = before
    const sends = this.model.actors.map((): Array<number> => [])
    try {
      outcome = result()
      after = this.actorId(position, outcome.actor)
      for (const message of outcome.sends) {
        const id = this.messageId(message)
        sends[this.destinations.items[id]!]!.push(id)
      }
    } catch (error) {
      crash = error instanceof Crash ? error : new Crash(label, error)
    }
    const step = this.steps.length
    this.steps.push({ label, position, before, after, message, outcome, crash })
    const firstSend = this.sendFields.length
    sends.forEach((list, to) => {
      if (list.length === 0) return
      this.sendFields.push(to)
      this.sendFields.push(this.mailboxes.id(sortedSet(list)))
    })
    const fields = [this.labelId(label), budget, this.transitionId(before, after), firstSend, this.sendFields.length]
    for (const field of fields) this.stepFields.push(field)
    return step
  }
}

const sortedSet = (items: ReadonlyArray<number>): Array<number> => [...new Set(items)].sort((a, b) => a - b)

/** The union of two sorted sets. */
const merge = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): Array<number> => {
  const union: Array<number> = []
  let k = 0
  for (const item of a) {
    while (k < b.length && b[k]! < item) union.push(b[k++]!)
    if (b[k] === item) k++
    union.push(item)
  }
  while (k < b.length) union.push(b[k++]!)
  return union
}

const guard = <T>(where: string, run: () => T): T => {
  try {
    return run()
  } catch (error) {
    throw new Crash(where, error)
  }
}
