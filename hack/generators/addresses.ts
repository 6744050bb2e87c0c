import { ADDRESSES, serverOf } from '../../e2e/security/addresses.ts'
import { markdownFile, type GeneratedFile } from './generator.ts'

/** What nobody could see in a table. */
const shown = (url: string): string => `\`${url.replace(/[^ -~]/gu, (one) => `\\u${(one.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)}\``
const verdict = (leadsTo: string | undefined): string => (leadsTo === undefined ? 'refused' : `leads to \`${leadsTo}\``)

/** `docs/reference/addresses.md`, from the table that the programs are tried with. */
export const addressReference: GeneratedFile = markdownFile('docs/reference/addresses.md', () =>
  [
    '# Addresses that the programs connect to',
    'Whoever runs the installation writes all of them: `prometheus.sources[].url`, `tracing.endpoint` (or `OTEL_EXPORTER_OTLP_ENDPOINT`) and the `server` of a kubeconfig. Nothing that a tenant writes becomes a part of one: a policy names a source, and its query is the value of one parameter. The kubelets are asked at the `InternalIP` of their Node, which has to be an address that a node can have. The audit trail is written to standard output.',
    'Refused is another scheme than http and https, and, but for a kubeconfig, one with credentials, a query, a fragment, a backslash or anything that is no printable ASCII: at the start, with the key and what to write, and without repeating it. Where an address leads is not judged, however its number is written: who writes it may do anything in the installation anyway, and the name of a service may lead elsewhere with each answer of the DNS. What holds then: nobody is given credentials but the host of that address (TLS says who that is), redirects are not followed, packed answers are not unpacked, and time and size are bounded: a source 10 s and 8 MiB, the API server 10 s (lists 30 s) and 64 MiB, a collector 5 s without a sign of life and 4 MiB, a kubelet the time of `metrics.kubelet.timeout` and 64 MiB. So a server that is not what was meant is no data, never an act.',
    `| address | written as | source of metrics, collector | server of a kubeconfig |\n|---|---|---|---|\n${ADDRESSES.map((form) => `| ${form.what} | ${shown(form.url)} | ${verdict(form.leadsTo)} | ${verdict(serverOf(form))} |`).join('\n')}`,
    'Of a kubeconfig credentials in the URL, query and fragment are left out of every request, and `http://` is refused at the start unless the cluster says `insecure-skip-tls-verify: true`.',
  ].join('\n\n'),
)
