/** The documented exit codes, other than 0: holds. */
export const exitCodes = {
  /** A property is violated. */
  violated: 1,
  /** Bad usage or bad input. */
  badInput: 2,
  /** Time or memory did not suffice. */
  undecided: 3,
  /** A tool is missing. */
  missingTool: 4,
  interrupted: 130
} as const

export type EndingName = keyof typeof exitCodes
