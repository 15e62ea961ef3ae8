/** How rows write figures. */
export const grouped = (n: number) => n.toLocaleString("en")

export const numbers = ({ distinct, generated, depth }: { distinct: number; generated: number; depth: number }) =>
  `${grouped(distinct)} states, ${grouped(generated)} generated, depth ${depth}`
