"""Addresses of the pages (ui.md section 2)."""

from django.urls import URLPattern, URLResolver, path

from dashboard import live
from dashboard.api import api
from dashboard.views import (
    assessment,
    functions,
    moves,
    operations,
    pair_lists,
    pairs,
    portfolio,
    records,
    rules,
    runs,
    session,
    suite_drafts,
    suites,
    tokens,
)

FUNCTION = "functions/<str:address>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", portfolio.portfolio, name="portfolio"),
    path("login/", session.log_in, name="login"),
    path("login/demo/<str:token>/", session.demo_log_in, name="demo-login"),
    path("logout/", session.log_out, name="logout"),
    path("language/", session.choose_language, name="language"),
    path("theme/", session.choose_theme, name="theme"),
    path("healthz/", session.healthz, name="healthz"),
    path("live/", live.stream, name="live"),
    path("functions/", functions.listing, name="functions"),
    path(FUNCTION, functions.detail, name="function"),
    path(f"{FUNCTION}pairs/", pair_lists.pairs, name="pairs"),
    path(f"{FUNCTION}rules/", rules.function_rules, name="function-rules"),
    path(f"{FUNCTION}rules/try/", rules.try_rule, name="try-rule"),
    path(f"{FUNCTION}rules/add/", rules.add_rule, name="add-rule"),
    path(f"{FUNCTION}noise/forget/", rules.forget_noise, name="forget-noise"),
    path(f"{FUNCTION}findings/", assessment.findings, name="findings"),
    path(f"{FUNCTION}findings/<str:identity>/waive/", assessment.waive, name="waive"),
    path(f"{FUNCTION}findings/<str:identity>/unwaive/", assessment.unwaive, name="unwaive"),
    path(f"{FUNCTION}triggers/", assessment.triggers, name="triggers"),
    path(f"{FUNCTION}code/", assessment.code, name="code"),
    path(f"{FUNCTION}code/<str:form>/<path:path>", assessment.download, name="code-file"),
    path(f"{FUNCTION}timeline/", functions.timeline, name="timeline"),
    path(f"{FUNCTION}evidence/", functions.proof, name="evidence"),
    path(f"{FUNCTION}traffic/", functions.traffic, name="traffic"),
    path(f"{FUNCTION}assess/", moves.assess, name="assess"),
    path(f"{FUNCTION}declare/", moves.declare, name="declare"),
    path(f"{FUNCTION}twins/<slug:name>/acknowledge/", moves.acknowledge_twin, name="acknowledge-twin"),
    path(f"{FUNCTION}validate/", runs.validate, name="validate"),
    path(f"{FUNCTION}suites/", suites.listing, name="suites"),
    path(f"{FUNCTION}suites/<path:name>/export/", suites.export, name="export-suite"),
    path(f"{FUNCTION}suites/<path:name>/tags/", suites.tag_events, name="tag-events"),
    path(f"{FUNCTION}suites/<path:name>/remove-events/", suites.remove_events, name="remove-events"),
    path(f"{FUNCTION}suites/<path:name>/remove/", suites.remove, name="remove-suite"),
    path(f"{FUNCTION}suites/<path:name>/events/<int:number>.json", suites.event, name="suite-event"),
    path(f"{FUNCTION}suites/<path:name>/", suites.detail, name="suite"),
    path(f"{FUNCTION}events/import/", suite_drafts.import_events, name="import-events"),
    path(f"{FUNCTION}events/generate/", suite_drafts.generate, name="generate-events"),
    path(f"{FUNCTION}events/logs/", suite_drafts.search_logs, name="search-logs"),
    path(f"{FUNCTION}events/live/", suite_drafts.take_live, name="take-live"),
    path(f"{FUNCTION}drafts/<uuid:key>/", suite_drafts.detail, name="suite-draft"),
    path(f"{FUNCTION}drafts/<uuid:key>/import/", suite_drafts.accept, name="import-draft"),
    path(f"{FUNCTION}drafts/<uuid:key>/discard/", suite_drafts.discard, name="discard-draft"),
    path(f"{FUNCTION}hold/", moves.hold, name="hold"),
    path(f"{FUNCTION}resume/", moves.resume, name="resume"),
    path(f"{FUNCTION}roll-back/", moves.roll_back, name="roll-back"),
    *[
        path(f"{FUNCTION}{verb}/", moves.plan_page, {"verb": verb}, name=verb)
        for verb in ("deploy", "shift", "rollback", "decommission", "restore")
    ],
    path("operations/", operations.listing, name="operations"),
    path("operations/<uuid:key>/", operations.detail, name="operation"),
    path("operations/<uuid:key>/approve/", operations.approve, name="approve"),
    path("runs/<uuid:key>/", runs.run, name="run"),
    path("runs/<uuid:key>/cancel/", runs.cancel_run, name="cancel-run"),
    path("runs/<uuid:key>/again/", runs.run_again, name="run-again"),
    path("pairs/<uuid:key>/", pairs.detail, name="pair"),
    path("pairs/<uuid:key>/rows/", pairs.rows, name="pair-rows"),
    path("pairs/<uuid:key>/accept/", pairs.accept, name="accept"),
    path("pairs/<uuid:key>/note/", pairs.note, name="note"),
    path("notes/<int:key>/withdraw/", pairs.withdraw_note, name="withdraw-note"),
    path("rules/", records.rules, name="rules"),
    path("rules/<int:key>/retire/", records.retire_rule, name="retire-rule"),
    path("audit/", records.audit, name="audit"),
    path("audit.csv", records.audit_csv, name="audit-csv"),
    path("settings/connections/", records.connections, name="connections"),
    path("settings/connections/<int:key>/check/", records.check_connection, name="check-connection"),
    path("settings/connections/<int:key>/sync/", records.sync_connection, name="sync-connection"),
    path("settings/policies/", records.policies, name="policies"),
    path("settings/policies/save/", records.save_policies, name="save-policies"),
    path("settings/people/", records.people, name="people"),
    path("settings/tokens/", tokens.own, name="tokens"),
    path("settings/tokens/<int:key>/revoke/", tokens.revoke, name="revoke-token"),
    path("api/v1/", api.urls),
]

handler400 = "dashboard.errors.bad_request"
handler403 = "dashboard.errors.permission_denied"
handler404 = "dashboard.errors.not_found"
handler500 = "dashboard.errors.server_error"
