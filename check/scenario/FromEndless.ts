/** From a behaviour that never comes to what must come, to a scenario and a story that show it as far as it repeats. */
import type { Endless } from "../models/checkLiveness.ts"
import type { RaftSpec } from "../models/Table.ts"
import { eventOf, fromBehaviour } from "./FromBehaviour.ts"
import type { Told } from "./FromBehaviour.ts"
import { runScenario } from "./Scenario.ts"
import { commandOf } from "./Script.ts"

/** The behaviour told as `fromBehaviour` does: the chaos, the calm, and what repeats in it, once. */
export const fromEndless = (spec: RaftSpec, { chaos, gone, loop, name, stem }: Endless): Told => {
  const chaotic = fromBehaviour(spec, chaos, `violates ${name}`)
  if (chaotic.missing !== undefined) return chaotic
  const { cluster } = runScenario(chaotic.text, name)
  const lines = [
    "# It becomes calm: what was under way is lost, from now on everything arrives, and no timer runs out before."
  ]
  const end = (): void => void lines.push("----", "")
  for (const server of gone) {
    cluster.execute({ type: "crash", server })
    lines.push(`crash ${server}`)
  }
  if (gone.length > 0) end()
  for (const [n, step] of [...stem, ...loop].entries()) {
    if (n === stem.length) lines.push("# From here on, again and again:")
    const event = eventOf(cluster, step)
    lines.push(commandOf(cluster, event))
    cluster.execute(event)
    if (!spec.applyAlone) while (cluster.execute({ type: "apply", server: step.after.id }));
    end()
  }
  const first = chaotic.story.steps.length + stem.length + 1
  const last = first + loop.length - 1
  const title = loop.length === 0
    ? `violates ${name}: then nothing happens any more`
    : `violates ${name}: steps ${first} to ${last} for ever`
  return {
    text: runScenario(`${chaotic.text.trimEnd()}\n\n${lines.join("\n").trimEnd()}\n`, name).text,
    story: { ...chaotic.story, title, steps: [...chaotic.story.steps, ...stem, ...loop] }
  }
}
