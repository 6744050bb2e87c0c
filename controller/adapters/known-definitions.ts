/**
 * Nothing is written unless the API server keeps every field of our kinds: one that it does not know it drops without a word, the count of a
 * limit included. It holds the start (during an upgrade the controllers before this one work on meanwhile), and looks again each minute, since
 * definitions can be taken back under a program that runs.
 */
import { GROUP, VERSION } from '../../shared/api/v1alpha1/fields.ts'
import { resources } from '../../shared/api/v1alpha1/resources.ts'
import type { KubeVersion } from '../../shared/kube/api.ts'
import { isApiError, NotLeading } from '../../shared/kube/errors.ts'
import type { Fence } from '../../shared/kube/fence.ts'
import { INSTALL_DEFINITIONS, inWords, NOT_KNOWN_YET, troubleOf } from '../../shared/kube/trouble.ts'
import { messageOf } from '../../shared/lib/errors.ts'
import { minutes, seconds } from '../../shared/lib/time.ts'
import type { Component } from '../../shared/runtime/lifecycle.ts'
import type { Logger } from '../../shared/runtime/logger.ts'
import { sleep, type Timers } from '../../shared/runtime/timers.ts'
import { ownFields } from '../../shared/schema/emit-crd.ts'
import { firstLacking } from '../../shared/schema/lacking.ts'
import type { CustomResource } from '../../shared/schema/structural.ts'

export interface KnownDefinitionsOptions {
  readonly api: Pick<KubeVersion, 'schemasOf'>
  readonly timers: Timers
  readonly log: Logger
}

const UNTIL_KNOWN = seconds(2)
const LATER = minutes(1)

interface Look {
  /** False: what was known before may still hold. */
  readonly answered: boolean
  readonly problem?: string
  readonly remark?: string
}

export class KnownDefinitions implements Component {
  readonly name = 'definitions'
  readonly #options: KnownDefinitionsOptions
  readonly #halt = new AbortController()
  #look: Look = { answered: false, problem: 'not looked at yet' }
  #later: Promise<void> | undefined

  constructor(options: KnownDefinitionsOptions) {
    this.#options = options
  }

  /** Why nothing may be written; undefined when all is kept. */
  get problem(): string | undefined {
    return this.#look.problem
  }

  /** Why that is not known. */
  get remark(): string | undefined {
    return this.#look.answered ? this.#look.remark : NOT_KNOWN_YET
  }

  /** The one that is given, and this. */
  fence(other: Fence): Fence {
    const check = (): void => {
      other.check()
      if (this.problem !== undefined) throw new NotLeading(this.problem)
    }
    return { check, left: () => other.left() }
  }

  async start(): Promise<void> {
    const { signal } = this.#halt
    this.#tell(await this.#ask())
    while (this.problem !== undefined && !signal.aborted) {
      await sleep(this.#options.timers, UNTIL_KNOWN, signal)
      this.#tell(await this.#ask())
    }
    this.#later = this.#lookAgain()
  }

  async stop(): Promise<void> {
    this.#halt.abort()
    await this.#later
  }

  async #lookAgain(): Promise<void> {
    const { signal } = this.#halt
    for (;;) {
      await sleep(this.#options.timers, this.problem === undefined ? LATER : UNTIL_KNOWN, signal)
      if (signal.aborted) return
      const look = await this.#ask()
      if (look.answered) this.#tell(look)
    }
  }

  #tell(look: Look): void {
    // Who has been asked to stop ends his own connections.
    if (look.problem !== this.problem && look.problem !== undefined && !this.#halt.signal.aborted) {
      this.#options.log.warn(look.answered ? 'nothing is written: the API server would not keep all of it' : 'nothing is written: the API server does not tell what it keeps', { problem: look.problem })
    }
    this.#look = look
  }

  async #ask(): Promise<Look> {
    try {
      const schemas = await this.#options.api.schemasOf(GROUP, VERSION)
      const problem = resources.map((resource) => lacking(resource, schemas)).find((each) => each !== undefined)
      return { answered: true, ...(problem === undefined ? {} : { problem }) }
    } catch (error) {
      // Where nobody may read what there is (system:discovery was taken away) all else may be as it should.
      if (isApiError(error, 'Forbidden')) return { answered: true, remark: 'this account may not read /openapi/v3: whether every field is kept is not known; bind system:discovery to it' }
      const trouble = troubleOf(error)
      return { answered: false, problem: trouble === undefined ? messageOf(error) : inWords(trouble) }
    }
  }
}

function lacking(resource: CustomResource, schemas: ReadonlyMap<string, unknown>): string | undefined {
  const found = schemas.get(resource.kind)
  if (found === undefined) return `the API server does not know the kind ${resource.kind}; ${INSTALL_DEFINITIONS}`
  const field = firstLacking({ properties: ownFields(resource) }, found)
  return field === undefined ? undefined : `the API server would drop ${field} of ${resource.kind}: its definition is older than this program; ${INSTALL_DEFINITIONS}, of this version`
}
