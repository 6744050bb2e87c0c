/** What a variable of an environment could do to the process that gets it. Pure. */

/** Names that a dynamic linker, an interpreter or a tool takes code, options or commands from. */
const LOADS =
  /^(LD_.*|DYLD_.*|GLIBC_TUNABLES|GCONV_PATH|NODE_OPTIONS|NODE_PATH|NODE_REPL_EXTERNAL_MODULE|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|_JAVA_OPTIONS|CLASSPATH|PYTHON(PATH|STARTUP|HOME|INSPECT|BREAKPOINT|WARNINGS|USERBASE|PLATLIBDIR)|PERL5(OPT|LIB|DB)|PERLLIB|RUBY(OPT|LIB)|GEM_(HOME|PATH)|BUNDLE_GEMFILE|R_(PROFILE|ENVIRON)(_USER)?|(npm_config|NPM_CONFIG)_.*|PIP_(EXTRA_INDEX_URL|INDEX_URL|CONFIG_FILE|TRUSTED_HOST)|KUBECONFIG|AWS_(CONFIG|SHARED_CREDENTIALS)_FILE|LESSOPEN|LESSCLOSE|PHPRC|PHP_INI_SCAN_DIR|LUA_(INIT|PATH|CPATH).*|DOTNET_STARTUP_HOOKS|DOTNET_ADDITIONAL_DEPS|(CORECLR|COR)_(PROFILER.*|ENABLE_PROFILING)|BASH_ENV|BASH_FUNC_.*|ENV|IFS|PS4|PROMPT_COMMAND|SHELLOPTS|PATH|GIT_(SSH|SSH_COMMAND|EXEC_PATH|PROXY_COMMAND|CONFIG.*|ASKPASS|PAGER|EDITOR)|EDITOR|VISUAL|PAGER|SSH_ASKPASS|OPENSSL_(CONF|ENGINES|MODULES)|ERL_(AFLAGS|FLAGS|ZFLAGS|LIBS)|ELIXIR_ERL_OPTIONS)$/
/** Names by which a process finds whom it talks to, and whom it believes. Case as people write it. */
const TRUSTS = /^(KUBERNETES_SERVICE_(HOST|PORT).*|(HTTPS?|ALL|FTP|NO)_PROXY|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|NODE_TLS_REJECT_UNAUTHORIZED|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|GIT_SSL_.*|AWS_(CA_BUNDLE|ENDPOINT_URL.*)|HOSTALIASES|DOCKER_HOST|AWS_CONTAINER_CREDENTIALS_(FULL|RELATIVE)_URI|LOCALDOMAIN|RES_OPTIONS|PYTHONHTTPSVERIFY)$/i

/** Names by which the libraries of the clouds find out who the process is. */
const IDENTITY = /^(AWS_(ROLE_ARN|WEB_IDENTITY_TOKEN_FILE|PROFILE|DEFAULT_PROFILE|ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)|GOOGLE_APPLICATION_CREDENTIALS|AZURE_(CLIENT_ID|TENANT_ID|FEDERATED_TOKEN_FILE|AUTHORITY_HOST|CLIENT_SECRET))$/

/** Options of a Java machine that run commands or other code, or open a port for it; images take options from variables of many names (JAVA_OPTS, CATALINA_OPTS, ...). */
const RUNS = /-(javaagent|agentlib|agentpath):|-XX:(On(OutOfMemory)?Error|Flags|VMOptionsFile)=|-Xbootclasspath|-Xrun[a-z]|-Dcom\.sun\.management\.jmxremote/

/** Another variable in a value, which may be one that came from a Secret; `$$(NAME)` is text. */
const REFERENCE = /(^|[^$])(\$\$)*\$\([^)]*\)/

/** undefined: nothing is known against it. */
export function harmOfName(name: string): string | undefined {
  if (LOADS.test(name)) return 'by it other programs, or other code, are run'
  if (IDENTITY.test(name)) return 'by it the process is somebody else to the cloud'
  return TRUSTS.test(name) ? 'by it what the process sends, tokens and all, goes to somebody else' : undefined
}

export function harmOfValue(value: string): string | undefined {
  if (RUNS.test(value)) return 'by it a Java machine runs commands or other code, or opens a port for it'
  return REFERENCE.test(value) ? 'it takes in another variable, which could be a secret' : undefined
}
