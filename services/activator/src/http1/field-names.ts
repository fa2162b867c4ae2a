const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Spellings that have been seen, with their lower-cased form. Peers repeat a few dozen; strangers may not grow it without end. */
const lowerCased = new Map<string, string>()
const spellingsMax = 1000

/** RFC 9110 §5.6.2: what names of fields and methods are made of. */
export function isToken(text: string): boolean {
  return token.test(text)
}

const valueForm = /^[\t\x20-\x7e\x80-\xff]*$/

/** Whether a line of a head can say it. */
export function isField(name: string, value: string): boolean {
  return isToken(name) && valueForm.test(value)
}

/** A field's name as it is compared. Undefined when it is no name. */
export function fieldName(spelling: string): string | undefined {
  const known = lowerCased.get(spelling)
  if (known !== undefined) return known
  if (!isToken(spelling)) return undefined
  return learn(spelling)
}

/** The same of a name that is known to be one. */
export function lowerCase(spelling: string): string {
  return lowerCased.get(spelling) ?? (isToken(spelling) ? learn(spelling) : spelling.toLowerCase())
}

function learn(spelling: string): string {
  const lower = spelling.toLowerCase()
  if (lowerCased.size < spellingsMax) lowerCased.set(spelling, lower)
  return lower
}
