interface Work {
  endTurn(): void
}

let due: Work[] = []

/**
 * Calls `endTurn` once what runs now, what its promises lead to, and what else the network has brought meanwhile is done:
 * all of it leaves in one write then. One place for all connections, for a thousand of them may have something to say at
 * the end of the same turn.
 */
export function atEndOfTurn(work: Work): void {
  if (due.push(work) === 1) setImmediate(endTurn)
}

function endTurn(): void {
  const works = due
  due = []
  for (const work of works) work.endTurn()
}
