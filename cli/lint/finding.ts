/** What the lint tells, before any format. */
import type { TextPosition } from '../../shared/lib/text-position.ts'
import type { Issue } from '../../shared/schema/issue.ts'
import type { Range } from '../manifests/tree.ts'

/** error: the API server or the door refuses it. */
export const LEVELS = ['error', 'warning'] as const
export type Level = (typeof LEVELS)[number]

/** 1-based; columns in UTF-16 units, the end not included. */
export interface Place {
  readonly line: number
  readonly column: number
  readonly endLine: number
  readonly endColumn: number
}

export interface Subject {
  readonly kind: string
  readonly namespace?: string
  /** Its `generateName` with a star, where it has no name. */
  readonly name: string
}

/** One thing that is wrong with one object, before its place is known. */
export interface Remark {
  /** `KS101`. */
  readonly rule: string
  readonly level: Level
  /** As the user wrote it; empty: the object itself. */
  readonly path: string
  readonly what: string
  readonly why?: string
  readonly fix?: string
  /** The right without which it refuses the object: an exemption makes a warning of it only for who has it. */
  readonly refusedWithout?: string
  /** In the string at `path`. */
  readonly within?: TextPosition
  /** Which entry of the map at `path`. */
  readonly entry?: NonNullable<Issue['entry']>
  /** Where it is known better than by the path. */
  readonly at?: Range
  /** The API server cannot know it: it is about the file. */
  readonly ofFile?: true
  /** It is about the name of the member at `path`, not about its value. */
  readonly aboutName?: true
}

export interface Finding extends Omit<Remark, 'at' | 'within' | 'entry' | 'aboutName' | 'ofFile'>, Place {
  readonly file: string
  /** The template that Helm made it from. */
  readonly source?: string
  readonly subject: Subject
  /** Which of the subjects of the report. */
  readonly object: number
  /** What `--fix` would write there; only in the formats that programs offer it from. */
  readonly correction?: string
}

/** What could not be read, or could not be asked. */
export interface Problem {
  readonly file: string
  /** Absent: it is about the whole file. */
  readonly line?: number
  readonly column?: number
  readonly what: string
}

/** A rule that was not applied, and what it would need. */
export interface Unchecked {
  readonly rule: string
  readonly needs: 'cluster' | 'requester'
  /** Only some of its findings need it. */
  readonly partly?: true
}

export interface Report {
  readonly version: string
  /** From which level on it is a failure. */
  readonly failOn: Level
  /** In the order of files and lines. */
  readonly findings: readonly Finding[]
  readonly problems: readonly Problem[]
  readonly files: number
  /** Objects of our kinds, in the order of files and lines. */
  readonly subjects: readonly { readonly index: number; readonly file: string; readonly subject: Subject }[]
  /** Objects of other kinds. */
  readonly skipped: number
  readonly unchecked: readonly Unchecked[]
  /** Whom the lint has asked, beside itself. */
  readonly asked: 'nobody' | 'server'
  /** By file, for excerpts. */
  readonly texts: ReadonlyMap<string, string>
}

/** `HealingPolicy shop/cart` */
export const called = ({ kind, namespace, name }: Subject): string => `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`

/** What is wrong, why, and what to write instead, in one line. */
export const sentence = ({ what, why, fix, refusedWithout }: Pick<Remark, 'what' | 'why' | 'fix' | 'refusedWithout'>): string =>
  [...(refusedWithout === undefined ? [] : [`refused without the permission ${refusedWithout}`]), what, why, fix].filter((part) => part !== undefined).join(' — ')

export const countOf = ({ findings }: Report, level: Level): number => findings.filter((each) => each.level === level).length

export const counts = ({ level }: Pick<Remark, 'level'>, failOn: Level): boolean => level === 'error' || failOn === 'warning'
