/** What TLC is given of a model: a module that gives the constants of a specification their values, and its configuration. */

export interface Module {
  readonly name: string
  readonly tla: string
  readonly cfg: string
}

/** How TLC labels the steps of one action of one server or client. */
export const edgeLabel = (action: string, actor: string): string => `${action}_${actor}`

/** The actions of somebody, by their names in the specification. */
export interface Actor {
  readonly id: string
  readonly actions: ReadonlyArray<string>
}

/**
 * The specification `MCSpec`, whose steps are these. TLC names an edge after the definition at which its decomposition of
 * Next stops, without parameters. It stops at a conjunction: so everybody gets one of their own for each action.
 */
export const nextOf = (actors: ReadonlyArray<Actor>): string => `
${actors.flatMap(({ actions, id }) => actions.map((action) => `${edgeLabel(action, id)} == TRUE /\\ ${action}("${id}")`)).join("\n")}

MCNext ==
${actors.flatMap(({ actions, id }) => actions.map((action) => `  \\/ ${edgeLabel(action, id)}`)).join("\n")}

MCSpec == Init /\\ [][MCNext]_vars
`

/** A section of a configuration; nothing without names. */
export const section = (title: string, names: ReadonlyArray<string>): string =>
  names.length === 0 ? "" : `${title}\n  ${names.join("\n  ")}\n`

/** A set of strings. */
export const stringSet = (strings: ReadonlyArray<string>): string => `{${strings.map((text) => JSON.stringify(text)).join(", ")}}`
