import { freezeWhatIsShared } from "../controller/frozen-objects.ts"

// Before each file of unit tests: who writes to an object that informers share is told so by his own test.
freezeWhatIsShared()
