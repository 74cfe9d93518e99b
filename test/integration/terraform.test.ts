import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { execute, type Finished, which } from '../harness/process.ts'
import { ALLOW_ALL, startWorld, type World } from '../harness/world.ts'

/** Where a machine may keep providers for use without a network; else the registry is asked. */
const MIRRORS = [
  '/opt/tf-plugins',
  '/usr/share/terraform/plugins',
  join(process.env.HOME ?? '/', '.terraform.d/plugins'),
]
const mirror = MIRRORS.find(folder => existsSync(join(folder, 'registry.terraform.io/hashicorp/aws')))

const TERRAFORM = which('terraform')
const skip =
  TERRAFORM === undefined || mirror === undefined
    ? 'no Terraform with an AWS provider on this machine'
    : false

const PLAN = `
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region                      = "us-east-1"
  s3_use_path_style           = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
}
resource "aws_s3_bucket" "builds" {
  bucket = "tf-builds"
  tags   = { team = "a & b" }
}
resource "aws_sqs_queue" "jobs" {
  name = "tf-jobs"
}
resource "aws_dynamodb_table" "state" {
  name         = "tf-state"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  attribute {
    name = "id"
    type = "S"
  }
}
resource "aws_iam_role" "worker" {
  name               = "tf-worker"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }] })
}
data "aws_caller_identity" "me" {}
output "role" {
  # Without the session's name, which is another in each run.
  value = split("/", data.aws_caller_identity.me.arn)[1]
}
`

const DENY_QUEUES = {
  Version: '2012-10-17',
  Statement: [{ Sid: 'NoNewQueues', Effect: 'Deny', Action: 'sqs:CreateQueue', Resource: '*' }],
}

describe('Terraform through the gate', { skip }, () => {
  let world: World
  let folder: string

  before(async () => {
    world = await startWorld({ builder: [ALLOW_ALL], careful: [ALLOW_ALL, DENY_QUEUES] }, { unchecked: true })
    folder = mkdtempSync(join(tmpdir(), 'sallyport-terraform-'))
    writeFileSync(join(folder, 'main.tf'), PLAN)
    writeFileSync(
      join(folder, 'terraform.rc'),
      `provider_installation {\n  filesystem_mirror {\n    path = "${mirror}"\n  }\n}\ndisable_checkpoint = true\n`,
    )
    const done = await terraform('builder', 'init', '-no-color')
    assert.equal(done.code, 0, done.stdout + done.stderr)
  })
  after(async () => {
    await world?.stop()
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  })

  async function terraform(role: string, ...args: string[]): Promise<Finished> {
    const env = await world.gate.clientEnv(world.role(role))
    // As for every client made with the Go SDK: it reads AWS_ENDPOINT_URL too late for its own STS call.
    const rc = {
      AWS_ENDPOINT_URL_STS: world.gate.endpoint,
      TF_CLI_CONFIG_FILE: join(folder, 'terraform.rc'),
      CHECKPOINT_DISABLE: '1',
    }
    return execute(TERRAFORM ?? 'terraform', args, { env: { ...env, ...rc }, cwd: folder })
  }

  it('shows a denial as an error of the resource', async () => {
    const done = await terraform(
      'careful',
      'apply',
      '-auto-approve',
      '-no-color',
      '-target=aws_sqs_queue.jobs',
    )
    assert.notEqual(done.code, 0)
    assert.match(done.stderr, /sqs:CreateQueue/)
    assert.match(done.stderr, /NoNewQueues/)
  })

  it('applies, finds nothing more to do, and destroys', async () => {
    const applied = await terraform('builder', 'apply', '-auto-approve', '-no-color')
    assert.equal(applied.code, 0, applied.stdout + applied.stderr)
    assert.match(applied.stdout, /role = "builder"/)
    const planned = await terraform('builder', 'plan', '-detailed-exitcode', '-no-color')
    assert.equal(planned.code, 0, planned.stdout + planned.stderr)
    const destroyed = await terraform('builder', 'destroy', '-auto-approve', '-no-color')
    assert.equal(destroyed.code, 0, destroyed.stdout + destroyed.stderr)
    assert.equal(readFileSync(join(folder, 'main.tf'), 'utf8'), PLAN)
  })
})
