/** What a variable of an environment could do to the process that gets it. Pure. */
import { harmOfAmount, isAmount } from './amounts.ts'

/** Names that a dynamic linker, an interpreter or a tool takes code, options or commands from. */
const LOADS =
  /^(LD_.*|DYLD_.*|GLIBC_TUNABLES|GCONV_PATH|NODE_PATH|NODE_REPL_EXTERNAL_MODULE|CLASSPATH|PYTHON(PATH|STARTUP|HOME|INSPECT|BREAKPOINT|WARNINGS|USERBASE|PLATLIBDIR)|PERL5(OPT|LIB|DB)|PERLLIB|RUBY(OPT|LIB)|GEM_(HOME|PATH)|BUNDLE_GEMFILE|R_(PROFILE|ENVIRON)(_USER)?|(npm_config|NPM_CONFIG)_.*|PIP_(EXTRA_INDEX_URL|INDEX_URL|CONFIG_FILE|TRUSTED_HOST)|KUBECONFIG|AWS_(CONFIG|SHARED_CREDENTIALS)_FILE|LESSOPEN|LESSCLOSE|PHPRC|PHP_INI_SCAN_DIR|LUA_(INIT|PATH|CPATH).*|DOTNET_STARTUP_HOOKS|DOTNET_ADDITIONAL_DEPS|(CORECLR|COR)_(PROFILER.*|ENABLE_PROFILING)|BASH_ENV|BASH_FUNC_.*|ENV|IFS|PS4|PROMPT_COMMAND|SHELLOPTS|PATH|GIT_(SSH|SSH_COMMAND|EXEC_PATH|PROXY_COMMAND|CONFIG.*|ASKPASS|PAGER|EDITOR)|EDITOR|VISUAL|PAGER|SSH_ASKPASS|OPENSSL_(CONF|ENGINES|MODULES)|ERL_(AFLAGS|FLAGS|ZFLAGS|LIBS)|ELIXIR_ERL_OPTIONS)$/
/** Names by which a process finds whom it talks to, and whom it believes. Case as people write it. */
const TRUSTS = /^(KUBERNETES_SERVICE_(HOST|PORT).*|(HTTPS?|ALL|FTP|NO)_PROXY|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|NODE_TLS_REJECT_UNAUTHORIZED|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|GIT_SSL_.*|AWS_(CA_BUNDLE|ENDPOINT_URL.*)|HOSTALIASES|DOCKER_HOST|AWS_CONTAINER_CREDENTIALS_(FULL|RELATIVE)_URI|LOCALDOMAIN|RES_OPTIONS|PYTHONHTTPSVERIFY)$/i

/** Names by which the libraries of the clouds find out who the process is. */
const IDENTITY = /^(AWS_(ROLE_ARN|WEB_IDENTITY_TOKEN_FILE|PROFILE|DEFAULT_PROFILE|ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)|GOOGLE_APPLICATION_CREDENTIALS|AZURE_(CLIENT_ID|TENANT_ID|FEDERATED_TOKEN_FILE|AUTHORITY_HOST|CLIENT_SECRET))$/

/** Options of a Java machine that run commands or other code, or open a port for it; images take options from variables of many names (JAVA_OPTS, CATALINA_OPTS, ...). */
const RUNS = /-(javaagent|agentlib|agentpath):|-XX:(On(OutOfMemory)?Error|Flags|VMOptionsFile)=|-Xbootclasspath|-Xrun[a-z]|-Dcom\.sun\.management\.jmxremote/

/** Names by which programs are tuned and nothing else, by what everybody means by them: they lead to no host, no file and no code. */
const LEVELS = /^(([A-Z0-9_]+_)?LOG_?LEVEL|LOGGING_LEVEL(_[A-Z0-9_]+)?|RUST_LOG)$/i
/** Of whose log others rely on what is in it. */
const WITNESS = /AUDIT/i
/** Options of a Java machine, in an image that hands them on, and those that every Java machine reads itself. */
const JVM = /^(([A-Z0-9_]+_)?(JAVA|JVM|HEAP|CATALINA)_(OPTS|OPTIONS|ARGS)|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|_JAVA_OPTIONS)$/
const NODE = /^NODE_OPTIONS$/
const GO_LIMIT = /^GOMEMLIMIT$/
/** What is switched on and off beside what it is called for. */
const SWITCHES = /^(FEATURE|FEATURES|FEATURE_FLAG|FEATURE_TOGGLE|FF)_[A-Z0-9_]+$/i
/** Switches by which a guard could go: these the installation names, or nobody. */
const GUARDS =
  /AUTH(?!ORS?(_|$))|LOGIN|(^|_)SSO(_|$)|SAML|OIDC|MFA|2FA|TOTP|CAPTCHA|PASSW|SECRET|TOKEN|CRED|TLS|SSL|CERT|CRYPT|SIGNATURE|SIGNING|VERIF|VALID|CHECK(?!OUT)|SECUR|SAFE|PROTECT|PERMI|ROLE|RBAC|(^|_)ACLS?(_|$)|POLICY|ADMIN|ROOT|DEBUG|CSRF|XSRF|CORS|XSS|CSP|HTTPS|(^|_)WAF(_|$)|KYC|ACCESS|TENANT|PAYMENT|BILLING|SESSION|COOKIE|HONEYPOT|GDPR|PRIVACY|AUDIT|SANDBOX|ISOLAT|SHELL|EXEC|EVAL|PLUGIN|SCRIPT|BYPASS|SKIP|TRUST|GUARD|FIREWALL|FILTER|SANITI|ESCAP|MASK|REDACT|ANONYM|CONSENT|LIMIT|QUOTA|THROTTL|FRAUD|READ_?ONLY|DRY_?RUN|BACKUP|DELET|PURGE|WIPE|DROP(?!_?DOWN)|TRUNC|RESET|ERAS|DESTROY|MODERAT|REGISTR|SIGN_?UP|(^|_)FREE(_|$)|(^|_)TEST_?(CARD|MODE|USER|DATA)|MOCK|FAKE/i

/** `info`, `warn,http=debug`: no path, no address, nothing that is looked up. */
const WORDS = /^[A-Za-z0-9_.,:=* -]{0,256}$/
/** The runtime of Go ends at once where it cannot read it. @see https://pkg.go.dev/runtime#hdr-Environment_Variables */
const GO_MEMORY = /^([1-9]\d{0,8}(MiB|GiB|TiB)|off)$/
/** Sizes that a Java machine starts with, and switches whose name is right; a system property (-D) can name hosts and files. */
const JVM_OPTION = new RegExp(
  [
    '-Xm[snx][1-9]\\d{0,6}[mMgG]',
    '-Xss[1-9]\\d{2,6}[kK]|-Xss[1-9]\\d{0,3}[mM]',
    '-XX:(Max|Min|Initial)RAMPercentage=([1-9]\\d?(\\.\\d{1,6})?|100(\\.0)?)',
    '-XX:(MaxMetaspaceSize|MaxDirectMemorySize|ReservedCodeCacheSize)=[1-9]\\d{0,6}[mMgG]',
    '-XX:(MaxGCPauseMillis|ParallelGCThreads|ConcGCThreads|ActiveProcessorCount)=[1-9]\\d{0,5}',
    '-XX:\\+(HeapDumpOnOutOfMemoryError|ExitOnOutOfMemoryError|CrashOnOutOfMemoryError|UseContainerSupport|UseStringDeduplication|AlwaysPreTouch|DisableExplicitGC)',
  ].map((each) => `^(?:${each})$`).join('|'),
)
/** Sizes of a Node: with a heap below 30 MB its own libraries do not fit. */
const NODE_OPTION = /^--max[-_](old[-_]space|semi[-_]space)[-_]size=([3-9]\d|[1-9]\d{2,6})$|^--max-http-header-size=[1-9]\d{3,6}$|^--(no-deprecation|no-warnings)$/
const SWITCH = /^(true|false|on|off|yes|no|enabled|disabled|0|1)$/i
/** A Java machine with two of them does not start. */
const COLLECTOR = /^-XX:\+Use(G1|Z|Parallel|Serial|Shenandoah)GC$/

/**
 * It says how much, how long, or how loud, whatever the program, or switches a feature.
 * @param value undefined: it is taken away
 */
export const tunes = (name: string, value: unknown): boolean =>
  [JVM, NODE, GO_LIMIT].some((names) => names.test(name)) || (LEVELS.test(name) && !WITNESS.test(name)) || isAmount(name) || (SWITCHES.test(name) && !GUARDS.test(name) && (value === undefined || (typeof value === 'string' && SWITCH.test(value))))

/** What holds its options may load agents, which go with it. */
export const isOfMachine = (name: string): boolean => JVM.test(name) || NODE.test(name)

/** Another variable in a value, which may be one that came from a Secret; `$$(NAME)` is text. */
const REFERENCE = /(^|[^$])(\$\$)*\$\([^)]*\)/

/** undefined: nothing is known against it. */
export function harmOfName(name: string): string | undefined {
  if (LOADS.test(name)) return 'by it other programs, or other code, are run'
  if (IDENTITY.test(name)) return 'by it the process is somebody else to the cloud'
  return TRUSTS.test(name) ? 'by it what the process sends, tokens and all, goes to somebody else' : undefined
}

/** @param name undefined: it is known by its place alone */
export function harmOfValue(value: string, name: string | undefined): string | undefined {
  if (RUNS.test(value)) return 'by it a Java machine runs commands or other code, or opens a port for it'
  if (REFERENCE.test(value)) return 'it takes in another variable, which could be a secret'
  if (name === undefined) return undefined
  if (JVM.test(name)) return isForJvm(value) ? undefined : 'a Java machine does not start with an option that it does not know: only usual sizes, one collector and a few switches (-Xmx1g, -XX:MaxRAMPercentage=75, -XX:+UseG1GC, -XX:+ExitOnOutOfMemoryError) are let through'
  if (NODE.test(name)) return isForNode(value) ? undefined : 'by it other code is run: only sizes (--max-old-space-size=512, --max-semi-space-size=32) and --no-warnings are let through, whatever the installation lists'
  if (LEVELS.test(name)) return WORDS.test(value) ? undefined : 'a level of logging is a word, or a list of words'
  if (GO_LIMIT.test(name)) return GO_MEMORY.test(value) ? undefined : 'a Go program ends at once where it cannot read it: a number with MiB or GiB, such as 512MiB, or off'
  return harmOfAmount(name, value)
}

function isForJvm(value: string): boolean {
  const options = value.split(' ').filter((option) => option !== '')
  const collectors = options.filter((option) => COLLECTOR.test(option)).length
  return options.length > 0 && collectors <= 1 && options.every((option) => COLLECTOR.test(option) || JVM_OPTION.test(option))
}

function isForNode(value: string): boolean {
  const options = value.split(' ').filter((option) => option !== '')
  return options.length > 0 && options.every((option) => NODE_OPTION.test(option))
}
