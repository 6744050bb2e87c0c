/** Addresses as they have been used to lead programs astray, and what becomes of each where an installation writes it. The reference is made from this table. */

export interface AddressForm {
  readonly what: string
  readonly url: string
  /** Of `prometheus.sources`, `tracing.endpoint` and OTEL_EXPORTER_OTLP_ENDPOINT. Absent: refused at the start. */
  readonly leadsTo?: string
  /** Of a kubeconfig's `server`, where it is not the same; the word `refused`: it is. */
  readonly server?: string
}

/** Whose choice it is: an address is written by whoever may do anything in the installation, and is not judged by where it leads. */
export const ADDRESSES: readonly AddressForm[] = [
  { what: 'a name', url: 'http://prometheus.monitoring:9090', leadsTo: 'http://prometheus.monitoring:9090' },
  { what: 'HTTPS', url: 'https://prometheus.example', leadsTo: 'https://prometheus.example' },
  { what: 'a path', url: 'https://mimir.example/prometheus', leadsTo: 'https://mimir.example' },
  { what: 'a dot at the end of the name', url: 'http://prometheus.monitoring.svc.cluster.local.:9090', leadsTo: 'http://prometheus.monitoring.svc.cluster.local.:9090' },
  { what: 'this machine', url: 'http://127.0.0.1:9090', leadsTo: 'http://127.0.0.1:9090' },
  { what: 'an address of IPv6', url: 'http://[fd00::1]:9090', leadsTo: 'http://[fd00::1]:9090' },
  { what: 'IPv4 within IPv6', url: 'http://[::ffff:169.254.169.254]/', leadsTo: 'http://[::ffff:a9fe:a9fe]' },
  { what: "a cloud's metadata", url: 'http://169.254.169.254/latest/meta-data', leadsTo: 'http://169.254.169.254' },
  { what: 'one number', url: 'http://2852039166/', leadsTo: 'http://169.254.169.254' },
  { what: 'hexadecimal', url: 'http://0xa9fea9fe/', leadsTo: 'http://169.254.169.254' },
  { what: 'octal', url: 'http://0251.0376.0251.0376/', leadsTo: 'http://169.254.169.254' },
  { what: 'a short address', url: 'http://127.1/', leadsTo: 'http://127.0.0.1' },
  { what: 'credentials', url: 'http://ann:sesame@prometheus.example', server: 'http://prometheus.example' },
  { what: 'what reads like another host', url: 'http://prometheus.example@169.254.169.254/', server: 'http://169.254.169.254' },
  { what: 'a query', url: 'http://prometheus.example/?a=sesame', server: 'http://prometheus.example' },
  { what: 'a fragment', url: 'http://prometheus.example/#@169.254.169.254', server: 'http://prometheus.example' },
  { what: 'a backslash', url: 'http://prometheus.example\\@169.254.169.254/', server: 'http://prometheus.example' },
  { what: 'a tab', url: 'http://prometheus\t.example', server: 'http://prometheus.example' },
  { what: 'a line break', url: 'http://prometheus.example/\r\nX-Forwarded-For: 1', server: 'http://prometheus.example' },
  { what: 'NUL', url: 'http://prometheus.example\u0000.evil.example/', server: 'refused' },
  { what: 'letters that look like others', url: 'http://prometheus\u3002example/', server: 'http://prometheus.example' },
  { what: 'no host', url: 'http:///etc/passwd', server: 'http://etc' },
  { what: 'a port that is none', url: 'http://prometheus.example:99999', server: 'refused' },
  { what: 'five bytes', url: 'http://1.2.3.4.5/', server: 'refused' },
  { what: 'no scheme', url: '//prometheus.example', server: 'refused' },
  { what: 'a file', url: 'file:///etc/passwd', server: 'refused' },
  { what: 'a socket', url: 'unix:///var/run/docker.sock', server: 'refused' },
  { what: 'Gopher', url: 'gopher://127.0.0.1:6379/_FLUSHALL', server: 'refused' },
  { what: 'FTP', url: 'ftp://prometheus.example/', server: 'refused' },
  { what: 'data', url: 'data:application/json,{}', server: 'refused' },
  { what: 'a script', url: 'javascript:alert(1)', server: 'refused' },
  { what: 'a WebSocket', url: 'ws://prometheus.example/', server: 'refused' },
]

/** Where a kubeconfig with it leads; undefined: it is refused. */
export const serverOf = ({ leadsTo, server }: AddressForm): string | undefined => (server === 'refused' ? undefined : (server ?? leadsTo))
