/** Stories as a picture: lanes are servers, and time is the number of the step. */
import { contents } from "./Notation.ts"
import type { Message } from "../../src/raft/Message.ts"
import type { Picture, StorySheet } from "./Picture.ts"
import { actionWords, changeWords, sendersOf, stateWords } from "./Story.ts"
import type { Story } from "./Story.ts"

/** A story, and its first step that isn't one of the TypeScript core, if there is one. */
export interface Told {
  readonly story: Story
  readonly missing?: { readonly step: number; readonly reason: string }
}

/** The picture of one or more stories, one sheet each. */
export const storyPicture = (title: string, about: string, stories: ReadonlyArray<Told>): Picture => ({
  title,
  about,
  texts: [],
  operations: { clients: [], labels: [], names: [], values: [], outputs: [], calls: [], returns: [], outcomes: [], reads: [], lines: [] },
  annotations: [],
  sheets: stories.map(storySheet)
})

const storySheet = ({ missing, story }: Told): StorySheet => {
  const ids = story.servers.map(({ id }) => id)
  const senders = sendersOf(story)
  return {
    kind: "story",
    name: story.title,
    reason: missing === undefined
      ? story.title
      : `${story.title}. Step ${missing.step} is not a step of the TypeScript core: ${missing.reason}`,
    servers: story.servers.map((s) => ({ name: s.id, state: stateWords(s).join(" "), role: s.role })),
    steps: story.steps.map((step, n) => ({
      server: ids.indexOf(step.after.id),
      label: step.message === undefined ? actionWords(step).join(" ") : step.message.type,
      changes: changeWords(step.before, step.after).join(" "),
      state: stateWords(step.after).join(" "),
      role: step.after.role,
      received: step.message === undefined
        ? null
        : { text: messageWords(step.message), source: ids.indexOf(step.message.source), sent: senders[n] ?? null },
      sends: step.sends.map((m) => ({ text: messageWords(m), dest: ids.indexOf(m.dest), received: isReceived(story, senders, n, m) }))
    }))
  }
}

const messageWords = (m: Message) => `${m.type} ${m.source}->${m.dest}: ${contents(m)}`

/** Does a step consume message `m` of step `n`? */
const isReceived = (story: Story, senders: ReadonlyArray<number | undefined>, n: number, m: Message): boolean =>
  story.steps.some(({ message }, k) => senders[k] === n && JSON.stringify(message) === JSON.stringify(m))
