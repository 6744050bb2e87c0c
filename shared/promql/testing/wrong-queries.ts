/**
 * Queries that nobody should ask, each with where it goes wrong. Those of KS201 a real Prometheus refuses too, most of them
 * at the same place.
 */

export interface WrongQuery {
  readonly query: string
  /** Line and column, from 1. */
  readonly at: string
  /** Where Prometheus puts it elsewhere: it reads its last word before it complains. */
  readonly prometheusAt?: string
  /** Within what is said. */
  readonly says: string
}

export const MALFORMED: readonly WrongQuery[] = [
  // Brackets and ends.
  { query: 'sum(rate(http_requests_total[5m])', at: '1:34', says: 'the query ends while the "(" after "sum" is open' },
  { query: '((up)', at: '1:6', says: 'the query ends while the "(" at its beginning is open' },
  { query: 'sum(up))', at: '1:8', prometheusAt: '1:9', says: '")" closes nothing' },
  { query: ')', at: '1:1', prometheusAt: '1:2', says: '")" closes nothing' },
  { query: 'up]', at: '1:3', says: '"]" closes nothing' },
  { query: 'up{job="cart"}}', at: '1:15', says: '"}" closes nothing' },
  { query: 'rate(errors_total[5m)', at: '1:21', says: '")" where "[" has to be closed first' },
  { query: 'rate(errors_total[5m', at: '1:21', says: 'the query ends while the "[" after' },
  { query: 'up{job="cart"', at: '1:14', says: 'the query ends while the "{" after "up" is open' },
  { query: '  ', at: '1:1', says: 'there is no query' },
  { query: '# only a comment', at: '1:1', says: 'there is no query' },
  { query: 'up +', at: '1:5', says: 'the query ends after "+"' },
  { query: 'up offset', at: '1:10', says: 'the query ends after "offset"' },
  { query: 'sum by (pod)', at: '1:13', says: 'the query ends after ")"' },
  { query: 'up > bool', at: '1:10', says: 'the query ends after "bool"' },
  // Words and signs.
  { query: 'up down', at: '1:4', says: 'unexpected "down"' },
  { query: 'up % % 2', at: '1:6', says: 'unexpected "%"' },
  { query: 'up == 1 && ready', at: '1:9', says: 'unexpected character "&"' },
  { query: 'up || ready', at: '1:4', says: 'unexpected character "|"' },
  { query: 'lock_age = 5', at: '1:10', says: 'unexpected "="' },
  { query: 'pod =~ "cart-.*"', at: '1:5', says: 'unexpected "=~"' },
  { query: 'up{job~"cart"}', at: '1:7', says: 'unexpected character "~"' },
  { query: 'up{job=cart}', at: '1:8', says: 'unexpected "cart"' },
  { query: 'up{job="cart" pod="a"}', at: '1:15', says: 'unexpected "pod"' },
  { query: 'up{,}', at: '1:4', says: 'unexpected ","' },
  { query: 'http.requests', at: '1:5', says: 'unexpected character "."' },
  { query: 'rate(errors_total[$__rate_interval])', at: '1:19', says: 'unexpected character "$"' },
  { query: 'up{namespace="$ns"} and {{ .Values.query }}', at: '1:26', says: 'unexpected "{"' },
  { query: 'sum by pod (up)', at: '1:8', says: 'unexpected "pod"' },
  { query: 'sum(up) by (pod) by (job)', at: '1:18', says: 'unexpected "by"' },
  { query: 'bool', at: '1:1', says: 'unexpected "bool"' },
  { query: 'lock_age == on 5', at: '1:16', says: 'unexpected "5"' },
  // Numbers, durations, strings.
  { query: 'rate(errors_total[5x])', at: '1:19', says: '"5x" is neither a number nor a duration' },
  { query: 'rate(errors_total[1m2h])', at: '1:19', says: '"1m2h" is neither a number nor a duration' },
  { query: 'rate(errors_total[1.5h])', at: '1:19', says: '"1.5h" is neither a number nor a duration' },
  { query: 'rate(errors_total[0s])', at: '1:19', says: 'a range is longer than nothing' },
  { query: 'rate(errors_total[five])', at: '1:19', says: 'unexpected "five"' },
  { query: 'up > 0x', at: '1:6', says: '"0x" is neither a number nor a duration' },
  { query: 'up{job="cart}', at: '1:8', says: 'the string does not end' },
  { query: "up{job='cart\n'}", at: '1:8', says: 'the string does not end' },
  { query: "up{job=~'cart\\d+'}", at: '1:9', says: 'the string has an escape "\\d" that does not exist' },
  // Functions.
  { query: 'Rate(errors_total[5m])', at: '1:1', says: 'there is no function "Rate"' },
  { query: 'averge(up)', at: '1:1', says: 'there is no function "averge"' },
  { query: '1 +\n  ceiling(lock_age)', at: '2:3', says: 'there is no function "ceiling"' },
  { query: 'rate(errors_total)', at: '1:6', says: 'rate takes a range vector here, not an instant vector' },
  { query: 'rate(errors_total[5m], 3)', at: '1:1', says: 'rate takes 1 argument, not 2' },
  { query: 'rate()', at: '1:1', says: 'rate takes 1 argument, not 0' },
  { query: 'abs(lock_age[5m])', at: '1:5', says: 'abs takes an instant vector here, not a range vector' },
  { query: 'absent(1)', at: '1:8', says: 'absent takes an instant vector here, not a scalar' },
  { query: 'round(lock_age, 1, 2)', at: '1:1', says: 'round takes 1 to 2 arguments, not 3' },
  { query: 'label_replace(up, "pod", "$1")', at: '1:1', says: 'label_replace takes 5 arguments, not 3' },
  { query: 'label_join(up, pod)', at: '1:1', says: 'label_join takes at least 3 arguments, not 2' },
  { query: 'histogram_quantile(http_seconds_bucket, 0.9)', at: '1:20', says: 'histogram_quantile takes a scalar here, not an instant vector' },
  { query: 'vector(up)', at: '1:8', says: 'vector takes a scalar here, not an instant vector' },
  { query: 'clamp_max(lock_age, "5")', at: '1:21', says: 'clamp_max takes a scalar here, not a string' },
  { query: 'sum(up, down)', at: '1:1', says: 'sum takes 1 argument, not 2' },
  { query: 'topk(up)', at: '1:1', says: 'topk takes 2 arguments, not 1' },
  { query: 'count_values(pod, up)', at: '1:14', says: 'count_values takes a string here, not an instant vector' },
  { query: 'max(lock_age[5m])', at: '1:5', says: 'max takes an instant vector here, not a range vector' },
  // Types and modifiers.
  { query: 'sum(rate(errors_total[5m]))[5m]', at: '1:28', says: 'a range of something else than a selector' },
  { query: 'max_over_time(lock_age[5m][1h:])', at: '1:15', says: 'a subquery of a range vector' },
  { query: 'lock_age[5m] + 1', at: '1:1', says: '+ between range vector and scalar' },
  { query: 'lock_age + "1"', at: '1:12', says: '+ between instant vector and string' },
  { query: '-"lock"', at: '1:1', says: 'a sign before a string' },
  { query: 'vector(1 > 2)', at: '1:10', says: 'compares two numbers without bool' },
  { query: 'lock_age + bool ready', at: '1:10', says: 'bool after +' },
  { query: 'lock_age and 1', at: '1:1', says: 'and between instant vector and scalar' },
  { query: 'lock_age and on (pod) group_left (node) up', at: '1:1', says: 'and with group_left' },
  { query: 'lock_age * on (pod) group_left (pod) up', at: '1:10', says: 'label "pod" is in on() and in group_left()' },
  { query: 'lock_age * on (pod) 2', at: '1:1', says: 'matches labels of a number' },
  { query: 'sum(lock_age) offset 5m', at: '1:1', says: 'offset follows something else than a selector' },
  { query: '(lock_age) offset 5m', at: '1:1', says: 'offset follows something else than a selector' },
  { query: 'lock_age offset 5m offset 1m', at: '1:1', says: 'offset is there twice' },
  { query: 'lock_age @ 5 @ 6', at: '1:1', says: '@ is there twice' },
  // Selectors.
  { query: '{}', at: '1:1', says: 'selects every series' },
  { query: '{pod=~".*"}', at: '1:1', says: 'has no matcher that a series without these labels would not fulfil too' },
  { query: 'up{__name__="down"}', at: '1:1', says: 'names two metrics, "up" and "down"' },
  { query: 'up{pod=~"cart-("}', at: '1:4', says: '"cart-(" is no pattern' },
  { query: 'up{pod!~"+"}', at: '1:4', says: '"+" is no pattern' },
]

/** They parse, and a server answers them, but with something that is no instant vector, or with an error when it evaluates them. */
export const OTHER_RESULTS: readonly WrongQuery[] = [
  { query: '42', at: '1:1', says: 'the result is a scalar, not an instant vector' },
  { query: 'time() - 5', at: '1:1', says: 'the result is a scalar, not an instant vector' },
  { query: 'scalar(sum(queue_length))', at: '1:1', says: 'the result is a scalar, not an instant vector' },
  { query: ' "text"', at: '1:2', says: 'the result is a string, not an instant vector' },
  { query: 'lock_age[5m]', at: '1:1', says: 'the result is a range vector, not an instant vector' },
  { query: 'sum by (pod) (lock_age)[10m:1m]', at: '1:1', says: 'the result is a range vector, not an instant vector' },
]

/** Refused when they are evaluated, whatever there is. */
export const NEVER_EVALUATED: readonly WrongQuery[] = [{ query: 'label_replace(up, "pod", "$1", "instance", "(")', at: '1:44', says: '"(" is no pattern' }]
