/** Numbers and tables as people read them. Pure. */
import type { Size } from './world.ts'

export const whole = (value: number): string => Math.round(value).toLocaleString('en-US')

/** @param ms milliseconds */
export const seconds = (ms: number): string => (ms / 1000).toFixed(1)

/** How many times as much; `-` where there is nothing to compare with. */
export const times = (a: number, b: number | null): string => (b !== null && b > 0 ? `${(a / b).toFixed(a / b < 10 ? 1 : 0)}x` : '-')

/** In Markdown. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

/** The first two columns of every table. */
export const size = ({ pods, policies }: Size): readonly string[] => [whole(pods), whole(policies)]
