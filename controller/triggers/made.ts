import { after, seconds, type Instant } from '../../shared/lib/time.ts'
import type { View } from '../healing/snapshot.ts'

/** From when on what is told of an object's name can be about itself alone. Creation times have whole seconds only. */
export const surelyMade = ({ createdAt }: Pick<View, 'createdAt'>): Instant => after(createdAt, seconds(1))
