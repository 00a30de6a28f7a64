"""Terraform in several folders: what calls of modules, locals and archives tell, and what stays open."""

from __future__ import annotations

from cutover.inventory import DeclaredFunction, read_templates

MODULE = """
variable "name" {}
variable "memory" { default = 512 }
variable "role" { default = null }
variable "timeout" {}
resource "aws_lambda_function" "this" {
  function_name = "${var.name}-worker"
  runtime       = "nodejs20.x"
  handler       = "index.handler"
  memory_size   = var.memory
  timeout       = var.timeout
  role          = var.role
  filename      = data.archive_file.code.output_path
  dynamic "environment" { for_each = [1] }
}
data "archive_file" "code" {
  type        = "zip"
  source_dir  = "${path.module}/src"
  output_path = "code.zip"
}
"""
ROOT = """
variable "stage" { default = "dev" }
locals {
  prefix = "shop"
  circle = local.circle
  full   = "${local.prefix}-api"
}
module "orders" {
  source  = "./modules/worker"
  name    = local.full
  timeout = var.stage
}
module "invoices" {
  source = "./modules/worker"
  name   = "invoices-${local.circle}"
  memory = 1024
  timeout = 9
}
resource "aws_lambda_event_source_mapping" "orders" {
  function_name    = module.orders.arn
  event_source_arn = "arn:aws:sqs:eu-west-1:1:orders"
}
"""
REGISTRY = """
module "resize" {
  source        = "example/lambda/aws"
  function_name = "resize"
  handler       = "app.handler"
  runtime       = "python3.12"
  source_path   = [{ path = "${path.module}/../src" }]
  environment_variables = { BUCKET = "x" }
}
module "bucket" {
  source = "example/bucket/aws"
  name   = "uploads"
}
resource "aws_s3_bucket_notification" "n" {
  bucket = "uploads"
  lambda_function { lambda_function_arn = module.resize.lambda_function_arn }
}
"""


def read(**files: str) -> dict[str, DeclaredFunction]:
    found = read_templates({name.replace("__", "/") + ".tf": text.encode() for name, text in files.items()})
    assert found.troubles == ()
    return {one.logical_id: one for one in found.functions}


def unresolved(one: DeclaredFunction) -> dict[str, str]:
    return {found.field: found.expression for found in one.unresolved}


def test_a_module_gives_one_function_per_call_with_the_values_of_the_call() -> None:
    found = read(main=ROOT, modules__worker__main=MODULE)
    assert set(found) == {"orders.this", "invoices.this"}
    orders, invoices = found["orders.this"], found["invoices.this"]
    assert (orders.name, orders.memory_mb, orders.timeout_s) == ("shop-api-worker", 512, None)
    assert (invoices.memory_mb, invoices.timeout_s) == (1024, 9)
    assert unresolved(orders) == {"timeout": "${var.stage}", "environment": "dynamic block"}
    assert "local.circle" in unresolved(invoices)["function_name"] or "var.name" in str(unresolved(invoices))


def test_what_calls_a_module_s_function_is_found_beside_the_call() -> None:
    found = read(main=ROOT, modules__worker__main=MODULE)
    assert [one["kind"] for one in found["orders.this"].triggers] == ["sqs"]
    assert found["invoices.this"].triggers == ()


def test_code_is_where_the_archive_packs_it_from() -> None:
    found = read(main=ROOT, modules__worker__main=MODULE)
    assert {one.code for one in found.values()} == {"src"}
    assert {one.file for one in found.values()} == {"modules/worker/main.tf"}


def test_a_module_that_lies_elsewhere_is_read_by_its_arguments_and_says_so() -> None:
    found = read(infra__main=REGISTRY)
    assert set(found) == {"resize"}
    resize = found["resize"]
    assert (resize.name, resize.runtime, resize.code) == ("resize", "python3.12", "../src")
    assert resize.environment == ("BUCKET",)
    assert [one["kind"] for one in resize.triggers] == ["s3"]
    assert "example/lambda/aws" in unresolved(resize)["module"]


def test_a_rule_that_is_switched_off_and_a_permission_alone_are_told() -> None:
    text = """
resource "aws_lambda_function" "f" {
  function_name = "f"
  runtime       = "nodejs20.x"
  handler       = "index.handler"
}
resource "aws_cloudwatch_event_rule" "r" {
  schedule_expression = "rate(1 day)"
  state               = "DISABLED"
}
resource "aws_cloudwatch_event_target" "t" {
  rule = aws_cloudwatch_event_rule.r.name
  arn  = aws_lambda_function.f.arn
}
resource "aws_lambda_permission" "alb" {
  function_name = aws_lambda_function.f.function_name
  principal     = "elasticloadbalancing.amazonaws.com"
}
resource "aws_lambda_permission" "rule" {
  function_name = aws_lambda_function.f.function_name
  principal     = "events.amazonaws.com"
}
"""
    one = read(main=text)["f"]
    assert [(found["kind"], found["enabled"]) for found in one.triggers] == [
        ("schedule", False),
        ("alb", True),
    ]


def test_what_a_module_makes_on_a_condition_follows_the_call() -> None:
    module = """
variable "create" { default = true }
variable "with_url" { default = false }
variable "names" { default = {} }
variable "asked" {}
locals { wanted = var.create && !var.with_url }
resource "aws_lambda_function" "f" {
  count         = var.create ? 1 : 0
  function_name = "f"
  handler       = "a.b"
}
resource "aws_lambda_function_url" "u" {
  count         = var.create && var.with_url ? 1 : 0
  function_name = aws_lambda_function.f[0].function_name
}
resource "aws_lambda_event_source_mapping" "m" {
  for_each         = var.names
  function_name    = aws_lambda_function.f[0].arn
  event_source_arn = "arn:aws:sqs:r:1:q"
}
resource "aws_sns_topic_subscription" "s" {
  count     = var.asked ? 1 : 0
  endpoint  = aws_lambda_function.f[0].arn
  topic_arn = "arn:aws:sns:r:1:t"
}
"""
    root = """
variable "later" {}
module "plain" {
  source = "./fn"
  asked  = var.later
}
module "open" {
  source   = "./fn"
  with_url = true
  asked    = false
}
module "none" {
  source = "./fn"
  create = false
  asked  = true
}
"""
    found = read(main=root, fn__main=module)
    assert set(found) == {"plain.f", "open.f"}
    assert [one["kind"] for one in found["plain.f"].triggers] == ["sns"]
    assert "aws_sns_topic_subscription.s.count" in unresolved(found["plain.f"])
    assert [one["kind"] for one in found["open.f"].triggers] == ["url"]
    assert "count" not in unresolved(found["open.f"])
