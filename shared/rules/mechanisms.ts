/** What really happens where a rule is broken, by its id: the mechanism behind the half sentence that a refusal has room for. For the reference and for people who ask. */
export const MECHANISMS: Readonly<Record<string, string>> = {
  KS001:
    'The API server compares what is sent with the schema of the CRD, and answers with 422 where a type, a bound or a word of a list does not fit. The door meets such an object only where one was stored under an older schema: then no rule can be asked, since each relies on the shape.',
  KS002:
    'Some fields exclude or need each other: a trigger of type metric has a metricTrigger and no other body. The API server evaluates these expressions (x-kubernetes-validations) after the shape, and not at all where a type is wrong, a field is missing or a list is too long: then they show when that is mended.',
  KS003:
    'Before anything is sent, kubectl turns YAML into JSON, and of two equal keys it keeps the last one without a word. `mode: monitor` further up and `mode: automatic` further down is an automatic policy, however the review read it. A merge (`<<`) counts where it stands: below a key that it has as well it replaces what was written above.',
  KS004:
    'Quotas, admission policies and webhooks of others are asked about every write in the cluster. What they refuse is not stored, and Helm or Argo CD may find that out after half of a release.',
  KS101:
    'In Kubernetes an empty label selector matches every object, and so does one that only excludes. One that asks for what Helm, Flux or a mesh puts on everything matches everything that they have touched. A bad release then puts every pod of the namespace into the same state, the policy acts on databases and message brokers as on the web pods that it was written for, and the hourly limit is spent on whichever come first.',
  KS102:
    'All requirements of a selector have to hold at once, and a label has one value: `app in (a)` with `app notin (a)`, or two values of one key, match nothing. The API server takes such a selector, the policy shows Ready, and its findings stay empty during the outage that it was written for.',
  KS103:
    'CoreDNS, kube-proxy and the CNI run in kube-system, and the controller in its own namespace. When DNS is slow every pod that waits for it looks broken; evicting CoreDNS then turns slow into gone, and whoever would undo it cannot resolve the API server.',
  KS104:
    'A PersistentVolumeClaim that is deleted takes its volume with it under the reclaim policy Delete, a Namespace all that is in it, a CustomResourceDefinition every object of its kind. An operator that restarts itself loses the act in hand, comes back, finds the same trouble, and begins again.',
  KS105:
    'Protections win over selection. Where they cover all of it every finding ends as Protected, which looks like healing that is held back for a moment, while nothing can ever be done and no other policy has been written because this one is there.',
  KS106:
    'A label that is one letter off matches nothing, and a policy that matches nothing is silent and looks healthy. One that matches half of a namespace turns one bad image in a base chart into as many actions as its limits allow, on workloads that nobody had in mind.',
  KS107:
    'Watches go by group, version and plural. A kind that is not there is answered with 404 for ever, so the policy sees no object and reports no trouble; objects of the whole cluster are in no namespace that a policy could select.',
  KS108:
    "The healer's Role is made once by an administrator and allows what any policy of the namespace may need. Without this rule whoever may create HealingPolicies, and nothing else, could have any pod evicted and any Deployment patched: rights that nobody has given him, through an account that has them.",
  KS109:
    'Findings name objects and say what they show, and acts go by the healer of the namespace that they hit. A policy that could name any namespace would read and restart the workloads of people who have never heard of it.',
  KS110:
    'Protections are compared by apiVersion and kind, letter by letter. An entry for `v1 pod` or `apps/v1beta1 StatefulSet` matches no object, so the database that it names is evicted like everything else, at night, by a policy whose text says that it is not.',
  KS201:
    'Prometheus answers a query that it cannot read with 400, at each reading. The trigger is NoData from its first minute on; and a range or a string where an instant vector belongs has no value that could be compared.',
  KS202:
    'A comparison inside PromQL drops the series that do not meet it, and keeps the values of the others: `up == 0` with the threshold `> 0` asks whether 0 is above 0, on the very pods that are down. Where no series is left, no data and all well look the same.',
  KS203:
    'A counter grows from the start of its process and begins at zero after a restart: `requests_total > 1000` is true of every pod that has lived long enough, and false of one that has just been restarted, which then counts as healed. A rate over less than two scrapes has one sample, and so no value.',
  KS204:
    'Every healthy pod is Ready and fully available, its series up is 1, its start makes the events Pulled and Started, and Watchdog fires all the time. A policy that fires on that acts on one healthy pod after another until its hour is spent, each act makes a new pod that is healthy and fires again, and verification calls all of them ineffective. A percentage beyond 100 is the other side of it: nothing ever fires.',
  KS205:
    'Under triggerMatch: All every trigger has to hold on one object at the same moment. Ready cannot be True and False, and a trigger about pods never meets one about a Service: the decision stays Partial for ever. One that another contains adds nothing, and is read as a second condition all the same.',
  KS207:
    'Types of conditions are free text to the API server, and a misspelt one is simply not there. What kubectl shows as a status (ErrImagePull, Completed) often is a reason of a container and no condition. Such a trigger is quiet through every outage.',
  KS208:
    'A stabilizationWindow below the time that a trigger takes to fire calls an act effective before the trouble could have come back, closes the incident, and meets the next one with a fresh ladder: a restart loop that the recurrence limit alone ends. A rate over an hour still holds the errors from before the act when healthCheckTimeout ends, so the act that helped counts as one that did not.',
  KS209:
    'An act needs an object, and a series leads to one by its labels only. `sum(rate(...))` drops them all: the value is right, the threshold is crossed, and there is no pod to act on.',
  KS210:
    'A word that is no built-in metric is PromQL, for a series of that name. Prometheus knows none, answers with an empty list and no error, and the trigger is NoData while memory runs full.',
  KS211:
    'Messages of events hold text of anybody: names, outputs of probes, errors of images. A backtracking engine can be held for hours by one such line (`(a+)+$`), so patterns are those of RE2, which takes time in proportion to the text; what RE2 lacks (look-around, back-references) cannot be evaluated at all. Repetitions of repetitions make even such a pattern a hundred thousand steps long, and each character takes all of them. In `$NAME` the dollar is the end of the message, after which no letter comes: the trigger is quiet for ever.',
  KS213:
    'Each trigger has the ladder of the actions that name it, or name none. One that has no rung opens an incident whose decision is NoAction: a person sees that something is wrong, and that KubeSkippy has chosen to do nothing.',
  KS214:
    'Alertmanager sends every alert whose route leads here: that a certificate expires next month, that CPU is throttled a little, that somebody drains a node. Matchers that only exclude let all of them through, those too that are written after the policy, and each that names a selected pod starts the ladder for it. Two matchers that contradict each other let none through: the trigger is Quiet while people are paged.',
  KS215:
    'What `kubectl get pods` shows (CrashLoopBackOff, ImagePullBackOff, OOMKilled) is a state, and the events that come with it are called otherwise: BackOff, Failed, or there is none. Reasons are compared letter by letter, as the API server does in field selectors; a trigger on `Backoff` sees no event for as long as it is there, and its policy looks quiet.',
  KS301:
    'A rollout replaces the pods of a Deployment, a StatefulSet or a DaemonSet; a new template in a ReplicaSet replaces none, a DaemonSet has no number of replicas, and nearly all fields of a pod are immutable. The write is refused or without effect, at the moment when it was needed.',
  KS302:
    'A delete asks no PodDisruptionBudget: the last pod of a quorum goes as easily as any other. With a grace period of 0 the API server forgets the pod while its process may still run on a node that is out of reach, and the replacement mounts the same volume: two writers, and a file system or a database that is beyond repair.',
  KS303:
    'A pod template says which image runs, as which user, with which service account and which volumes. Whoever may write a policy with such a patch needs no right on the Deployment: a hostPath of / or the token of another account turns the right to heal into that of an administrator. A JSON patch names variables by their place: which one it is, its own `test` of the name tells, and LD_PRELOAD is no log level. PGHOST sends all queries to somebody else, and a liveness probe that gives up after one late answer kills all pods in the same minute. Annotations with a prefix are orders to somebody: `sidecar.istio.io/proxyImage` is an image too.',
  KS304:
    'The patch is read for the first time when the trouble is there. The API server refuses one that it cannot parse with 400, and one of a type that the kind does not take (strategic, for custom resources) with 415; with `patch` and `patches` both given, half of what its author meant would be left out.',
  KS305:
    'With 0 replicas there is no pod left to be Ready, nothing serves, and no trigger about pods can fire again: the outage ends the healing of it. Bounds that contradict each other leave no number that could be written. A StatefulSet gives up its highest ordinals first, and with them members of a quorum or the only copy of a shard; so it does under a fixed number when it has more. An autoscaler writes its own number back within seconds, so an act beside it is none: the trouble stays, and a slot of the hour is gone.',
  KS306:
    'An act is verified for minutes before anybody knows whether it has helped. When as many may be in flight as an hour allows, all of them are begun on the strength of the same reading, and the breaker, which counts outcomes, sees the first one when the last pod is gone.',
  KS307:
    'When an act has not helped the next rung follows. Scaling up under load and then down takes away the capacity that was just added, the load per pod rises, the trigger fires harder, and the ladder has used up its rungs on undoing itself. A fixed number is both ways: `absolute` 3, or a patch of spec.replicas, takes away what `up` has added beyond 3, and what another number asks for.',
  KS309:
    'ImagePullBackOff and CreateContainerConfigError are about the template, which the next pod has too; an unschedulable pod makes room for another one that is unschedulable; fewer replicas under OOMKilled give each of those that are left more to hold. The act costs a pod, often the only one that still served, and a slot of the hour.',
  KS401:
    'A trigger that is wrong (a metric that changed its unit, a probe that checks a dependency) fires on every pod. The hourly limit is what bounds the damage then: at 5 a person has time to look, at 500 the service has been restarted over and over by the time that the page is answered.',
  KS402:
    'Without a health check an act counts as effective as soon as its trigger is quiet, and a trigger about a pod is quiet when the pod is gone. A delete whose replacement never starts, or a patch that no node has room for, is then a success, the breaker stays closed, and the next pod follows.',
  KS403:
    'A node that is lost, a database that is down or a bad release makes many pods unhealthy at once, and none of it is cured by restarting them: each restart adds load and takes away a pod that still had a warm cache. At 100% nothing stops that; at 0 one broken pod is too many, and nothing is ever healed. A count above all that can be selected looks like a limit and is 100%.',
  KS404:
    'In mode manual every action waits, whatever it says, and recreate waits in automatic mode. An author who wrote `requiresApproval: false` goes home believing that it heals by itself; nobody is on call to approve, and the action expires.',
  KS405:
    'An action that waits is offered to whoever has the verb approve on healingactions in its namespace. No built-in role has it, edit and admin included, unless somebody has bound one: then only members of system:masters can decide, who are seldom on call, and each request expires and is made again.',
  KS406:
    'Cron has dialects: six fields, `@daily`, `L`, names of days in other languages. A schedule that is read otherwise than it was meant freezes healing in the night and lets it loose in the peak hour; 30 February never comes at all.',
  KS407:
    'All budgets and maxActionsPerHour have to have room at the same time, so the tightest one is the only one. Looser ones never refuse anything, and whoever raises maxActionsPerHour later relies on a second brake that was never connected.',
  KS408:
    'A forbidding time wins over an allowing one. Where the forbidding ones cover all of the allowing ones the decision is OutsideSchedule at each look, with a next opening that is closed again when it comes. `UTC` and `Etc/UTC` are one clock; two that go apart in summer cover each other only when they do in both halves of the year.',
  KS409:
    'The breaker doubles its open time with each probe that does not help, from openDuration up to four hours: from a second it takes six wasted acts until it holds for a minute, from ten minutes none. It looks at the last six outcomes as well, so a threshold beyond six is a number that nothing ever compares. A schedule of one minute a day lets one act through and ends before anybody can know whether it helped; the next rung comes a day later.',
  KS410:
    'A HealingAction is the record of a decision: what was seen, what was written, which values were there before, whether it helped. Deleting it gives back no limit and forgets no incident, so the breaker may be open for acts that nobody can read any more. Events of Kubernetes go after an hour as well.',
  KS501:
    'Two policies keep budgets, breakers and ladders of their own. On one workload they act in turns at double the rate, each takes the restart of the other for its own outcome, and one that scales up against one that scales down never comes to rest.',
  KS502:
    'Replicas share the load. One more beside two brings each from 80 % to 53 %; where another policy takes a replica away below 60 %, it does, and it is 80 % again. Each act ends the trouble that it was for, so it counts as effective and no breaker opens: the two go on until their hourly limits, every hour.',
  KS505:
    'The API server drops fields that it does not know, without an error for older clients. `protectedResource` or `max_actions_per_hour` is gone when the policy is stored, and the default holds in its place.',
  KS506:
    'An annotation can be written by everybody who may edit the policy. If it alone lifted a rule, the rule would bind only those who do not know of it.',
  KS507:
    'Annotations are free text to the API server: it stores `kubeskippy.io/pasue` as readily as `kubeskippy.io/pause`. Whoever has paused a policy in the midst of an outage by a wrong name reads "annotated", turns to the outage, and the policy goes on acting on it.',
  KS701:
    'A HealingAction is an order that the controller carries out with the rights of the healer account. The right to create one, with which the roles edit and admin could easily come, would be the right to evict, restart and scale whatever the healer may, past all limits.',
  KS702:
    'The name in decidedBy is a field like any other, and without a guard anybody who may update HealingActions could write the name of somebody else into it, or approve in the place of a person. The API server knows who sends the request: it fills the name in, and refuses another one.',
}
