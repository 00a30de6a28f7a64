"""The sentences that the rules of the assessment say, as message ids; a test compares them with the rules."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

MESSAGES = (
    _(" A permission names it, and nothing was found there that calls."),
    _(" For {0} no action was derived."),
    _(" It is switched off."),
    _(" Its address is in {0}."),
    _(" Its code is not judged yet."),
    _(" They ask for {0} at least."),
    _(" What FC writes there stays there when traffic goes back."),
    _(", and so does the release of the language."),
    _(", built for arm64"),
    _(", on {0} lines"),
    _(", rounded up from {0} MB"),
    _(
        "A bundler or a minifier wrote it, so places are those in the bundle, and rules on style "
        "(state, work after the answer, mixed logic) do not judge the libraries in it."
    ),
    _("A deployment sets the alias's weights and may roll them back by itself, against a shift."),
    _("A function may have {0} layers, and the tap needs {1}."),
    _("A key stands in the code"),
    _("A layer may bring it; layers do not come along by themselves."),
    _("A layer may bring it; the package alone does not."),
    _("A published version does not change, so a rollback brings back exactly what runs today."),
    _("A shift publishes tap and relay from {0}: the tap would run its code, not version {1}'s."),
    _(
        "A stack of CloudFormation calls it when the stack changes, by its ARN, and on AWS alone. There "
        "is no traffic to shift, and what it makes belongs to the AWS side."
    ),
    _(
        "A translated event leaves out what the other cloud does not send; it is never invented. Code "
        "that requires the field fails there."
    ),
    _("A trigger that is not seen would stay on AWS when traffic moves."),
    _("A worker fetches the package and adds what it finds there."),
    _("A wrapper script starts the function"),
    _("API Gateway does more than pass requests on: {0}"),
    _(
        "API Gateway keeps the connections and tells of them by events; on FC a server in a custom "
        "runtime keeps them"
    ),
    _(
        "AWS splits traffic between published versions only, and {0} takes the relay's configuration "
        "for a moment while it is published."
    ),
    _("AWS.config.credentials is used"),
    _("Accept its absence, or carry the value in the body."),
    _("Add it to the package; the deploy plan can do so, from a lock."),
    _("Add it, or remove the code that loads it."),
    _("Alexa calls Lambda or an HTTPS address; an HTTP trigger can be that address"),
    _("Alias {0}: version {1}"),
    _("Aliases, versions, size and what forbids tap and relay are read from AWS; a sync finds them."),
    _("Alibaba Cloud has no direct counterpart that we know."),
    _("An ARN of {} stands in the code"),
    _("An EFS file system is mounted"),
    _("An HTTP trigger of FC has none of {0}; Alibaba Cloud's API Gateway has most of them."),
    _("An address with a password stands in the code"),
    _("An alias knows two versions at most; a split of somebody else would be overwritten."),
    _("An async function is a plain coroutine to Python; neither platform awaits it by itself."),
    _(
        "An asynchronous event has {0} KB at most on FC, and {1} KB or more on Lambda. A synchronous "
        "one may have 32 MB on FC and 6 MB on Lambda."
    ),
    _("Another release of the language may behave differently."),
    _("Answer whole, or rebuild the function for a custom runtime that streams over HTTP."),
    _("Asynchronous results go to destinations"),
    _("Await it before answering, or give it to a queue or a schedule of its own."),
    _("Both clouds call it with event and context and await what it returns."),
    _("Both clouds call it with event and context and take what it returns."),
    _(
        "Both clouds freeze an instance once it has answered. What still runs then stops in the middle, "
        "and goes on at some later invocation or never; when that is differs between the clouds."
    ),
    _("Both clouds have the same release of the language."),
    _("Both clouds name a handler file.method."),
    _("Build it for x86_64 against FC's runtime; the smoke test tells whether it loads."),
    _("Build the function (tsc, esbuild) and assess the package that is deployed."),
    _(
        "Build the package for {0} and validate with a suite that covers the code; where the newer "
        "release is needed, rebuild it for FC's custom.debian12, which expects an HTTP server."
    ),
    _("By way of OSS 500 MB are allowed in eleven regions and 100 MB elsewhere."),
    _("Call it from a plain handler with asyncio.run."),
    _("Check the limit of the region that you move to, or make the package smaller."),
    _(
        "Clients are made or used in a way that reading the code does not follow, so whether it writes "
        "is not known; take it for writing."
    ),
    _("CloudWatch's embedded metrics"),
    _("CodeDeploy moves alias {0}"),
    _("CodePipeline calls Lambda only"),
    _("CodeSize: {0} bytes"),
    _("Compare its triggers and its role with the plan."),
    _("Concurrency is provisioned"),
    _("Configure the function and its surroundings"),
    _("Console output goes to Log Service on FC"),
    _("Copy the files to NAS or OSS, and mount that."),
    _("Credentials come from {0}"),
    _("Datadog's layer"),
    _("Decouple business logic from input and output"),
    _("Deploy and validate work. For traffic, move callers by DNS or change what forbids it."),
    _("Deploy with the adapter, or let Cutover make a bootstrap that starts the server on a custom runtime."),
    _("Deploy with the adapter, which answers by Lambda's rules, or use one form only."),
    _("Deploy with the adapter, which gives a context like Lambda's, or read FC's own member."),
    _("Deploy with the adapter, which sets what has a meaning on FC, or do not depend on it."),
    _("Deploy with the adapter, which takes the callback's answer, or return a promise."),
    _("Direct Mail"),
    _("EventBridge does not carry it for MNS"),
    _("EventBridge rule, for events that are sent to Alibaba Cloud's bus"),
    _("EventBridge, event streaming"),
    _("Events of {0} may be larger than FC takes"),
    _("Every export of the file could be read and this name is not among them."),
    _("Export {0}, or correct the handler's name."),
    _("FC allows 4 KB in all; {0} AWS_REGION and the other AWS_ variables of Lambda do not exist on FC."),
    _(
        "FC allows up to 86,400 s. The relay on Lambda waits for FC and needs {0} s more than the "
        "function, of {1} s at most."
    ),
    _("FC documents file.method only. The adapter lies in the root and loads it as Lambda does."),
    _("FC does not create functions on the old runtime, and a newer one may behave differently."),
    _("FC does not set AWS_REGION, and an AWS region is not one of Alibaba Cloud's."),
    _(
        "FC hands over the raw body. The adapter parses it, and gives context, answer and errors as "
        "Lambda does. A handler that is native on FC parses the event itself; deploy it without the "
        "adapter."
    ),
    _("FC has a function {0} that Cutover did not make"),
    _("FC has destinations too, of its own services: MNS queue, MNS topic, EventBridge, FC."),
    _("FC has no Runtime API: a custom runtime listens on HTTP. "),
    _("FC has no arm64"),
    _("FC has no built-in runtime for {0}"),
    _("FC has no {0}; {1} runs it"),
    _("FC has snapshots of its own kind; hooks of SnapStart do not run there."),
    _("FC is not called by bots of Lex"),
    _("FC is not called by identity pools"),
    _("FC mounts NAS and OSS, not EFS."),
    _(
        "FC needs a VPC of its own to reach the same things, and the relay can reach FC only through a "
        "way to the internet."
    ),
    _("FC needs file.method to find the function."),
    _("FC refuses a larger zip, also by way of OSS."),
    _("FC refuses more at deployment. Names that are mapped on FC count as they are there."),
    _("FC refuses {0}"),
    _("FC runs x86_64 on Debian; what was built for arm64 does not load there."),
    _("FC runs x86_64 only."),
    _("FC runs x86_64 only. Native modules that were built for arm64 do not load there."),
    _("FC runs {0} as {1}"),
    _("FC sends failed asynchronous events to a destination of its own only."),
    _("FC takes 100 MB in every region."),
    _(
        "FC takes memory in steps of 64 MB and cpu apart, from 1 to 4 GB for each vCPU. The disk is {0} "
        "MB, of the two sizes there are."
    ),
    _("FC traces with OpenTelemetry; traces do not continue across the clouds."),
    _("FC would find no function."),
    _("FC would run it on Node {0}. npm warns of it; the code may still run."),
    _(
        "FC's context has other members; reading one that is not there gives undefined in Node and an "
        "AttributeError in Python."
    ),
    _(
        "FC's custom runtime speaks HTTP to a server on port 9000, so the server can run there without "
        "the proxy; in a built-in runtime the proxy needs API Gateway's events, which the adapter makes."
    ),
    _(
        "FC's newer Node runtimes document handlers that return a promise; the callback form is "
        "documented for Node 16 and before."
    ),
    _(
        "FC's newest built-in releases are Node 20 and Python 3.12. Code that uses what came later "
        "fails there, as do dependencies that ask for more; both are looked for."
    ),
    _("FC's runtimes are Debian, Lambda's are Amazon Linux: the C library differs"),
    _("Failed asynchronous events go to a dead-letter target"),
    _("Finish that deployment first."),
    _(
        "From FC it is reached over the internet or a line between the clouds, with its firewall open "
        "for FC's addresses and the latency of the distance."
    ),
    _("Function Compute"),
    _("Give FC a RAM role with these actions on the twins alone."),
    _(
        "Give FC a VPC with a fixed outgoing address, and open the database for it alone; or move or "
        "copy the database first. Opening and closing it is a task for a person in the plan."
    ),
    _("Give the region by an environment variable of your own."),
    _("Give the subnets a NAT gateway, and say how FC reaches what the function uses."),
    _("Grant the permission that the connection's check names, then sync."),
    _("GraphQL of AppSync calls Lambda only; an HTTP trigger can be the server of a schema"),
    _("HTTP trigger"),
    _("HTTP trigger, with another host name"),
    _("HTTP triggers have no API keys"),
    _("HTTP triggers have no authorizers"),
    _("HTTP triggers have no stages"),
    _("HTTP triggers keep no connections of WebSockets"),
    _("Handler: {0}"),
    _("IAM and RAM both give a role to one function (FC 3.0); policies are not translated by name."),
    _("IDaaS, with another interface"),
    _("If the handler parses the event itself, choose the adapter none."),
    _("Install dependencies before packaging. When this is a source tree and not a package, ignore it."),
    _("Install it for x86_64 and FC's runtime when packaging."),
    _("It addresses {0}."),
    _("It calls Lambda: {0}"),
    _("It cannot be parsed: {0}."),
    _("It could not be unpacked ({0})."),
    _("It does not parse as Python 3: {0}."),
    _("It does not parse."),
    _("It has answered, and goes on"),
    _("It has {0} MB, above {1} MB; its contents were not judged."),
    _("It is a durable function ({0})"),
    _("It is a symbolic link, which was not followed."),
    _("It is asked for in the manifest, and the files that were read do not hold it."),
    _("It is larger than the package says; it was not judged."),
    _("It is not a JSON object."),
    _("It listens on a port"),
    _(
        "It lives as long as one instance does. During a shift the two clouds have instances of their "
        "own, so what one has remembered the other does not know, and an instance may be frozen or "
        "ended at any time."
    ),
    _("It must be installed for the runtime that it shall run on."),
    _("It serves CloudFormation as a custom resource"),
    _("It stands for this very function, so the deployment adopts it and makes no second one."),
    _("It talks to {0} ({1})"),
    _(
        "It writes to, or reads from, services of AWS that FC does not have: metrics and traces would "
        "be lost, or the library fails where it looks for Lambda's environment."
    ),
    _("Its name leads out of the package, so it was not read."),
    _(
        "Its next deployment moves the alias or undoes the change; what it owns is not changed behind "
        "its back."
    ),
    _("KMS Secrets Manager"),
    _("Kafka instance through EventBridge"),
    _("Keep connections lazily, as it may be; move what must be remembered into a store that both reach."),
    _("Keep the relay for this trigger, or move its source."),
    _("Known from a template only ({0})"),
    _("Lambda images speak Lambda's Runtime API; FC's containers must listen on HTTP."),
    _(
        "Lambda keeps what each step gave, suspends the function and replays it. FC has nothing that "
        "does, and a replay must meet the same code, so its traffic cannot be split either."
    ),
    _("Lambda puts the role's credentials there; FC does not, and what it gives are Alibaba Cloud's."),
    _("Lambda sets it and FC does not."),
    _(
        "Lambda's runtimes bring it (aws-sdk 2 up to Node 16, @aws-sdk from Node 18, boto3 in Python), "
        "so the package works there without it; FC's runtimes do not."
    ),
    _("Lambda@Edge runs in CloudFront; CDN of Alibaba Cloud has EdgeRoutine"),
    _("Layers: {0}"),
    _("Leave credentials to the driver of each cloud; never copy a key into the environment."),
    _("Leave it on Lambda with its stack; on Alibaba Cloud let ROS or Terraform do what it does."),
    _("Leave it on Lambda, or rebuild its steps as a flow of CloudFlow."),
    _("Leave out what is not needed at run time, or move data to OSS."),
    _("Log Service (SLS)"),
    _("Log Service (SLS) trigger"),
    _("Look at it by hand."),
    _("Look at the file by hand, or correct it."),
    _("Look for the largest event; send a reference instead of the content where it is too much."),
    _("MNS queue"),
    _("MNS queues have no groups"),
    _("MNS topic"),
    _("Measure cold starts on FC; use provisioned instances if they matter."),
    _("Merge layers, or put one into the package."),
    _("Move both in one wave, or call the other one over HTTP or a queue."),
    _("Move it to Secrets Manager on AWS and KMS on Alibaba Cloud, and change it."),
    _("Move long values to a secret or into the package, or leave out what FC does not need."),
    _(
        "Move the I/O behind drivers with a neutral interface, and keep the decisions in a module of "
        "their own that both handlers call."
    ),
    _(
        "Move the function to a runtime that both clouds have (nodejs20.x, python3.12, java11), or "
        "rebuild it for FC's custom.debian12, which expects an HTTP server."
    ),
    _("Move to @grpc/grpc-js."),
    _("Move to bcrypt 5 or newer."),
    _("Move to graceful-fs 4.2 or newer, with what depends on it."),
    _("Move to pg 8.0.3 or newer, and test it on Lambda first."),
    _("Move to sass."),
    _(
        "Name a twin for each resource, or declare that FC uses the AWS resource and give it "
        "credentials for that; then put the calls behind a driver with one implementation per cloud."
    ),
    _("Name the handler file.method, for example index.handler."),
    _("Name the handler in the package's own code, or bring the layer's file along."),
    _("Name the twin for each, or declare that FC uses the AWS resource."),
    _("Name the twin of each; while the relay serves, Lambda's stay in use."),
    _("Name the twin of the target; while the relay serves, Lambda's stays in use."),
    _("Names must start with a letter; FC_ and a few others are reserved."),
    _("Neither cloud's Node runs TypeScript; what is deployed is what a build makes of it."),
    _(
        "Neither the package nor Lambda's runtime, as far as we know, has it; loading it fails on both "
        "clouds."
    ),
    _("No call in the code was found that needs a role"),
    _("No file of the package defines {0}"),
    _("Not everything that may call it could be read"),
    _("Nothing blocks it. What weighs most: {0}.{1}"),
    _("Nothing of it could be judged, and FC takes code as a zip only."),
    _("Nothing was found that needs a change.{0}"),
    _("Nothing was found."),
    _("OOS Parameter Store"),
    _("OSS events do not carry the object's version"),
    _("OSS events have no sequencer"),
    _("OSS trigger on the twin bucket"),
    _("On Alibaba Cloud its counterpart is {0}."),
    _("On FC the code would still address the AWS resource, whose credentials it does not have there."),
    _("On FC the value would still name an AWS resource, which the function may not reach."),
    _("On FC there is no execution role of AWS, so these calls have no credentials. {0}"),
    _("One finding blocks it"),
    _("One layer must come along"),
    _("Only the first {0} files were read."),
    _(
        "Package the code as a zip, or rebuild the image, by its digest, for FC's custom container: a "
        "proxy from FC's port 9000 to the runtime interface in it is enough."
    ),
    _("Package the function as a zip."),
    _("Pause its deployments during the shift, and carry the final state into its templates."),
    _("Payloads fit"),
    _("Platform lines, prefixes and times differ; they are taken off before logs are compared."),
    _("Point them at the alias {0}; the shift stops while the bare function is called."),
    _("Powertools for AWS Lambda"),
    _("Provision instances on FC, and remove it on AWS before 100 %."),
    _("Publish a version and point {0} at it."),
    _("Publish a version, create the alias {0} on it and let callers and triggers address it."),
    _("Publish {0} and let {1} serve it, or put {2} back to version {3}."),
    _("Put it into the package, or make the layer on FC as well."),
    _("Put the content into the package, or make the layer on FC as well."),
    _("RDS calls Lambda only"),
    _("RabbitMQ or RocketMQ through EventBridge"),
    _("Rebuild it for FC, or let Cutover make a bootstrap that stands between."),
    _("Rebuild native modules for x86_64; pure Node and Python code needs nothing."),
    _("Recreate what is used in Alibaba Cloud's API Gateway, or in the function."),
    _("Reimplement input and output for the other cloud"),
    _("Remove the cause and assess again."),
    _("Remove the reservation of 0 before the move."),
    _("Rename or remove it, or choose another name in the plan."),
    _("Rename them in the code, or map them to other names in the plan."),
    _("Replace it by async functions."),
    _("Reserve the same on FC if something behind the function depends on it."),
    _("Reserved concurrency 0: nobody can invoke the function"),
    _("Reserved concurrency is {0}"),
    _("Rules on code saw only a part of this file, so what they did not find may still be there."),
    _("Runtime: {0}"),
    _("SMQ (MNS) queue through EventBridge, event streaming"),
    _("SMQ (MNS) topic trigger"),
    _("SQL Server"),
    _("Serverless Workflow"),
    _("Services of FC 2.0 stand apart: nothing is overwritten; triggers and roles may be shared."),
    _("Set the timeout to {0} s or less."),
    _("SnapStart is on"),
    _("Stop its deployments before the shift, and let none begin until the function is back."),
    _("Switch tracing on for FC if it is needed."),
    _("Sync with the account, or read the plan of a deployment."),
    _("Tablestore, with another data model"),
    _("Take it from the environment, and map it to its twin in the plan."),
    _("Take it from the environment, and name what FC shall reach instead."),
    _("Tap and relay cannot be published for such a function, so its traffic cannot be shifted."),
    _("Tap and relay share it with the function, and FC does not know it."),
    _("The Lambda Web Adapter serves HTTP"),
    _("The adapter hands over the event as an object; FC itself gives {0}"),
    _("The address belongs to AWS: from FC it is reached over the internet, or not at all."),
    _(
        "The answer comes by callback and by the promise; which of the two counts differs between "
        "platforms and between runtimes."
    ),
    _("The code cannot be started on FC as it is."),
    _("The code could not be read"),
    _("The code is being read"),
    _("The deployment creates a function of this name and refuses to overwrite another's."),
    _("The environment has {0} bytes of the {1} that FC allows"),
    _("The function is a binary that speaks Lambda's Runtime API"),
    _("The function is a container image"),
    _("The function runs in a VPC"),
    _(
        "The function runs in a VPC, so the database is probably reached by a private address or an "
        "endpoint of AWS PrivateLink; neither exists for FC."
    ),
    _("The function would run on release {0} on FC, from {1}."),
    _("The function would run on release {0} on FC, which does not have it."),
    _("The handler answers by callback"),
    _(
        "The handler decides and does I/O in one place, so what differs between the clouds cannot be "
        "exchanged without touching what must stay the same."
    ),
    _("The handler does I/O itself, on line {0}"),
    _("The handler is an async function, which Lambda for Python does not await"),
    _("The handler is async and calls back as well"),
    _("The handler is not in the root of the package; the adapter calls it there"),
    _("The handler returns a promise"),
    _("The handler returns its answer"),
    _("The handler streams its answer"),
    _("The handler writes its answer as a stream of Lambda's own; FC's built-in runtimes have none."),
    _("The handler's name has no method"),
    _("The host {} stands in the code"),
    _("The manifest asks for Node {0}"),
    _(
        "The other function stays on Lambda, or moves at another time; from FC the call needs AWS "
        "credentials and crosses clouds, and calls in a circle would cross twice."
    ),
    _("The package alone is copied; what a layer gives is missing on FC."),
    _("The package has too much code of its own; this was not judged."),
    _("The package has {0} and fits"),
    _("The package has {0}; FC takes 500 MB at most"),
    _("The package has {0}; some regions of FC take 100 MB only"),
    _("The package is not a zip file that can be read ({0})."),
    _("The region {0} is fixed in the code"),
    _("The template leaves it to the deployment, so it was not judged and not guessed."),
    _("There is no alias {0}"),
    _("These are sources beside a template; a build or a plugin may make the file."),
    _("They may belong to other functions of the same package, so they were not judged for this one."),
    _("To know, grant codedeploy:ListApplications, ListDeploymentGroups, BatchGetDeploymentGroups."),
    _("Traffic is shifted by the weights of an alias that all callers use."),
    _(
        "Traffic is shifted on the alias, so these would stay on AWS, and a relay being published could "
        "be called by them."
    ),
    _("Turn it off on FC, or replace it by OpenTelemetry and Log Service."),
    _("Use what replaced it, and test it on Lambda first."),
    _("Use what the older release has, or rebuild the function for FC's custom runtime."),
    _("Validate with a suite that covers the code, or move to {0} on Lambda first."),
    _("Validate with a suite that covers the code."),
    _("What API Gateway does besides passing requests on must be made anew"),
    _("What was not read was not judged."),
    _("Whether CodeDeploy moves an alias is not known"),
    _("While an alias has weights it cannot be managed, so its version stays the original."),
    _("Who can read the package can read it, on both clouds; the copy on FC is one more."),
    _("Without the adapter, add a file in the root that exports the handler."),
    _("X-Ray traces the function"),
    _("a flow of CloudFlow that invokes the function"),
    _("agents of Bedrock call Lambda only"),
    _("an invocation by another account: FC's Invoke API, with RAM credentials"),
    _("apex up proxies to a server of its own"),
    _("changes of DocumentDB are told on AWS only"),
    _("changes of a DynamoDB table are told on AWS only; Tablestore has a trigger of its own"),
    _("connect() never settles: no error, no log line"),
    _("context.log_project and log_store"),
    _("context.service.logProject and logStore"),
    _("context.{0} has no counterpart on FC"),
    _("context.{0}: on FC {1}"),
    _("forEach does not await its async function"),
    _("it does not work with newer releases of Node"),
    _("it has no build for newer releases of Node"),
    _("loading it fails: primordials is not defined"),
    _("macros and custom resources of CloudFormation call Lambda only"),
    _("mail that is received is told on AWS only"),
    _("messages of MNS queues have no attributes"),
    _("names and values have {0} bytes."),
    _("request validation, API keys, usage plans, authorizers, mapping templates, caching and throttling"),
    _("rotation of secrets calls Lambda only"),
    _("rules of AWS Config call Lambda only"),
    _("rules of AWS IoT call Lambda only; IoT Platform has rules of its own"),
    _("streams of Kinesis are read on AWS only; a Kafka or Log Service stream is another source"),
    _("the bare function"),
    _("their size is not known, so it is not judged, and FC refuses it at deployment if it is too much."),
    _("there is no Cognito"),
    _("timer trigger (six fields, UTC, seconds first)"),
    _("timer trigger or EventBridge rule"),
    _("unknown trigger"),
    _("x86_64 on both clouds"),
    _("{0} AWS services need a RAM policy, or AWS credentials, on FC"),
    _("{0} MB and {1} vCPU on FC{2}"),
    _("{0} The function can run on FC behind the relay, but AWS stays in the way of its events."),
    _("{0} While traffic shifts on the alias the trigger stays on AWS; it moves at the end, if at all."),
    _("{0} already splits traffic"),
    _("{0} and Node {1} or newer do not go together."),
    _("{0} and {1} more"),
    _("{0} before {1} and Node {2} or newer do not go together."),
    _("{0} comes with Lambda's runtime and is not in the package"),
    _("{0} does not export {1}"),
    _("{0} environment variables, by name"),
    _("{0} exists since release {1}"),
    _("{0} findings block it"),
    _("{0} findings, {1} of them block."),
    _("{0} has a value in the code"),
    _("{0} has native code"),
    _("{0} is TypeScript, which must be built first"),
    _("{0} is a bundle"),
    _("{0} is a handler that FC can call"),
    _("{0} is a private address of one cloud"),
    _("{0} is asked for and not installed"),
    _("{0} is async and not awaited"),
    _("{0} is global and changes between invocations"),
    _("{0} is gone since {1}"),
    _("{0} is known to have native code"),
    _("{0} is missing"),
    _("{0} is not awaited"),
    _("{0} is not in the package"),
    _("{0} is not what {1} serves"),
    _("{0} is read"),
    _("{0} is read: {1}"),
    _("{0} is set by Lambda only"),
    _("{0} is set, and nothing waits for it"),
    _("{0} is too new for FC; {1} runs it, an older release"),
    _("{0} is too old for FC; {1} runs it"),
    _("{0} is unresolved: {1}"),
    _("{0} layers leave no room for the tap"),
    _("{0} layers must come along"),
    _("{0} loads an AWS SDK, and which calls it makes is not resolved"),
    _("{0} made the function {1} on FC from generated code"),
    _("{0} manages this function"),
    _("{0} may point at AWS"),
    _("{0} of {1} files of code are not loaded by the handler"),
    _("{0} of {1} triggers do not address {2}"),
    _("{0} points at version {1}"),
    _("{0} points at {1}"),
    _("{0} s fit"),
    _("{0} s leave the relay no spare time"),
    _("{0} serves HTTP behind a proxy"),
    _("{0} serves {1}"),
    _("{0} starts work that nothing waits for"),
    _("{0} starts work whose result nobody takes"),
    _("{0} {1} on Node {2}: {3}"),
    _("{0}: FC has no counterpart{1}"),
    _("{0}: calls that are not resolved"),
    _("{0}: not a trigger that we know"),
    _("{0}: reads ({1})"),
    _("{0}: writes ({1})"),
)
