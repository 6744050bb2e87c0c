/** Spans by OTLP over HTTP, in JSON. Loaded when traces are configured, and not before: nobody else waits for the SDK. */
import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace'
import type { Millis } from '../../shared/lib/time.ts'
import type { Span } from '../healing/trace.ts'

export interface ExporterOptions {
  /** Of the collector, without /v1/traces. */
  readonly endpoint: string
  readonly version: string
  /** Which process: the pod's name. */
  readonly instance: string
  readonly told: (failure: unknown) => void
}

export interface Exporter {
  /** Never waits, never throws. */
  add(span: Span): void
  /** Sends what waits. Never rejects. */
  stop(): Promise<void>
}

/** Spans that wait; more are dropped. About a megabyte. */
const MOST_WAITING = 2048
const BATCH = 256
/** Milliseconds. */
const PAUSE = 1000
const TIMEOUT = 5000

export function exporter({ endpoint, version, instance, told }: ExporterOptions): Exporter {
  const resource = resourceFromAttributes({ 'service.name': 'kubeskippy-controller', 'service.version': version, 'service.instance.id': instance })
  const sender = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces`, timeoutMillis: TIMEOUT })
  const watched: SpanExporter = {
    export: (spans, done) =>
      sender.export(spans, (result) => {
        told(result.error)
        done(result)
      }),
    shutdown: () => sender.shutdown(),
    forceFlush: () => sender.forceFlush(),
  }
  const processor = new BatchSpanProcessor({ exporter: watched, maxQueueSize: MOST_WAITING, maxExportBatchSize: BATCH, scheduledDelayMillis: PAUSE, exportTimeoutMillis: 2 * TIMEOUT })
  const context = (traceId: string, spanId: string) => ({ traceId, spanId, traceFlags: TraceFlags.SAMPLED })
  return {
    add: ({ traceId, spanId, parentId, name, start, end, failure, attributes }) => {
      const span: ReadableSpan = {
        name,
        kind: SpanKind.INTERNAL,
        spanContext: () => context(traceId, spanId),
        ...(parentId === undefined ? {} : { parentSpanContext: context(traceId, parentId) }),
        startTime: hrTime(start),
        endTime: hrTime(end),
        duration: hrTime(end - start),
        status: failure === undefined ? { code: SpanStatusCode.OK } : { code: SpanStatusCode.ERROR, message: failure },
        attributes: { ...attributes },
        links: [],
        events: [],
        ended: true,
        resource,
        instrumentationScope: { name: 'kubeskippy', version },
        droppedAttributesCount: 0,
        droppedEventsCount: 0,
        droppedLinksCount: 0,
      }
      processor.onEnd(span)
    },
    stop: () => processor.shutdown().catch((error: unknown) => told(error)),
  }
}

/** Seconds and nanoseconds. */
const hrTime = (time: Millis | number): [number, number] => [Math.floor(time / 1000), Math.round((time % 1000) * 1e6)]
