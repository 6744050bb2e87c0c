/** What counters do while nothing is wrong: those of work move, those of trouble do not. By name, and by the labels that tell which of the work failed. */
import type { Matcher, Selector } from './ast.ts'
import { WHERE } from './healthy-series.ts'

/** Move wherever there is anything to do: requests, messages, the time that it took. */
const WORK: readonly RegExp[] = [
  /^(?:[a-z]+_)?http_(?:server_)?requests?(?:_received|_handled)?_total$/,
  /^(?:[a-z]+_)?http_(?:server_)?requests?_(?:duration_)?(?:seconds|milliseconds)_(?:count|sum|bucket)$/,
  /^http_server_request_duration_seconds_(?:count|sum|bucket)$/,
  /^grpc_server_(?:started|handled|msg_received|msg_sent)_total$/,
  /^(?:istio_requests_total|nginx_ingress_controller_requests|nginx_http_requests_total|traefik_service_requests_total|envoy_http_downstream_rq_total)$/,
  /^(?:container|process)_cpu_(?:usage_)?seconds_total$/,
  /^container_network_(?:receive|transmit)_(?:bytes|packets)_total$/,
]

/** At the end of the name: what went wrong. */
const TROUBLE = /(?:^|_)(?:errors?|failures?|failed|exceptions?|panics?|crashes|oom_events|timeouts?|rejections?|rejected|dropped|aborted|deadlocks?)(?:_total|_count)?$/

const OUTCOME = /^(?:(?:http_|grpc_|response_|http_response_)?(?:code|status|status_code)|http_status_code|status_class|result|outcome|state)$/
/** An answer of the server's own fault: `500`, `5xx`, `5..`, `error`. What is the client's fault every healthy server answers too. */
const FAILED = /^(?:5(?:[0-9x]{2}|\.\.|\.[*+]|\[0-9\](?:\{2\}|\[0-9\])?|\\d(?:\{2\}|\\d|\+)?)|errors?|fail(?:ed|ure|ures)?|exception|timeout|internal|unavailable|server_error)$/i

/** What nearly all answers are. */
const SUCCEEDED = /^(?:200|2(?:xx|\.\.|\.[*+]|\[0-9\](?:\{2\}|\[0-9\])?|\\d(?:\{2\}|\\d|\+)?)|ok|success(?:ful)?|succeeded)$/i

const names = ({ label, value }: Matcher, outcome: RegExp): boolean =>
  OUTCOME.test(label) && value.replaceAll(/^\^?\(?|\)?\$?$/g, '').split('|').every((one) => outcome.test(one))
const namesFailures = (matcher: Matcher): boolean => names(matcher, FAILED)

const asksFor = ({ operator }: Matcher): boolean => operator === '=' || operator === '=~'
const isOfFailures = (matcher: Matcher): boolean => asksFor(matcher) && namesFailures(matcher)

/** It leaves failures out, and nothing else; or it asks for what nearly all the rest is. */
export const isOfTheRest = (matcher: Matcher): boolean => (asksFor(matcher) ? names(matcher, SUCCEEDED) : namesFailures(matcher))

/** It counts what went wrong, and stands still while nothing does. */
export const countsTrouble = ({ name = '', matchers }: Selector): boolean => TROUBLE.test(name) || matchers.some(isOfFailures)

/** It counts what is done, whatever becomes of it. */
export const countsWork = ({ name = '', matchers }: Selector): boolean => WORK.some((work) => work.test(name)) && matchers.every((matcher) => WHERE.has(matcher.label) || matcher.label === 'le' || isOfTheRest(matcher))
