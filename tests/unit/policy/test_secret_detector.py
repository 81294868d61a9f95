"""The credential detector on many names and values. Tokens are invented, and written in parts so that no
scanner takes them for real ones."""

from __future__ import annotations

import base64

import pytest

from kustodian.policy.rules.secrets._command import credentials_in_command, credentials_in_script
from kustodian.policy.rules.secrets._detector import credential
from kustodian.policy.rules.secrets._files import credentials_in_file

#: None of these may ever be reported: `NAME=value`.
NOT_CREDENTIALS = """
TOKENIZERS_PARALLELISM=false
TOKENIZERS_PARALLELISM=abc
MAX_TOKENS=4096
MAX_NUM_BATCHED_TOKENS=many
MAX_NEW_TOKENS=512
VLLM_MAX_TOKENS=2048
VLLM_ATTENTION_BACKEND=FLASHINFER
VLLM_WORKER_MULTIPROC_METHOD=spawn
VLLM_LOGGING_LEVEL=DEBUG
VLLM_USE_V1=1
VLLM_CACHE_ROOT=/cache/vllm
MODEL_TOKENIZER=meta-llama/Llama-3.1-8B
HF_TOKENIZER=bert-base-uncased
TOKENIZER=mistral
TOKENIZER_MODE=auto
TOKENIZER_PATH=/models/tokenizer.json
SECRETS_DIR=/var/run/secrets
SECRET_DIR=/run/secrets/app
SECRETS_PATH=run/secrets
TOKEN_FILE=/var/run/secrets/token
HF_TOKEN_PATH=/root/.cache/huggingface/token
AWS_WEB_IDENTITY_TOKEN_FILE=/var/run/secrets/eks.amazonaws.com/serviceaccount/token
GOOGLE_APPLICATION_CREDENTIALS=/var/secrets/google/key.json
AWS_SHARED_CREDENTIALS_FILE=/aws/credentials
SSL_KEY=/etc/tls/tls.key
PRIVATE_KEY=/etc/tls/tls.key
PASSWORD=/run/secrets/password
EOS_TOKEN=</s>
EOS_TOKEN=END_OF_TEXT
BOS_TOKEN=[CLS]
PAD_TOKEN=[PAD]
STOP_TOKEN=###
SPECIAL_TOKEN=<|endoftext|>
STOP_TOKENS=foo,bar
IMAGE_TOKEN=<image>
NEXT_TOKEN=a1b2c3d4e5f6
SECRET_NAME=database
TOKEN_SECRET_NAME=hf-token
IMAGE_PULL_SECRET=regcred
TLS_SECRET=iris-tls
HF_SECRET=hf-token-secret
MY_SECRET=my-app-credentials
SECRET_KEY_NAME=password
PASSWORD_KEY=redis-password
CACHE_KEY=a1b2c3d4e5f6a7b8
PUBLIC_KEY=ssh-ed25519-AAAAC3NzaC1lZDI1NTE5
PARTITION_KEY=customer_id
PRIMARY_KEY=id
S3_KEY=models/iris/1.4.2/model.joblib
AWS_ACCESS_KEY_ID=minio
KEY=value
TOKEN_URL=https://login.example.com/oauth2/token
OAUTH_TOKEN_ENDPOINT=https://login.example.com/token
API_KEY=https://example.com/where-to-get-a-key
TOKEN_TTL=1h
PASSWORD_MIN_LENGTH=12
MIN_PASSWORD=8
TOKEN_LIMIT=100000
TOKEN_EXPIRY=15m30s
SESSION_TOKEN=3600
HF_TOKEN=0
API_KEY=12345
TOKEN_BUDGET=0.5
REQUIRE_TOKEN=true
API_TOKEN=disabled
USE_AUTH=yes
AUTH=none
AUTH=oauth2
BASIC_AUTH=example.com:8080
ALLOW_EMPTY_PASSWORD=yes
DB_PASSWORD=$(POSTGRES_PASSWORD)
DB_PASSWORD=${POSTGRES_PASSWORD}
DB_PASSWORD=$POSTGRES_PASSWORD
DB_PASSWORD={{ .Values.password }}
DB_PASSWORD={{workflow.parameters.password}}
DB_PASSWORD=<password>
DB_PASSWORD=<path:secret/data/db#password>
DB_PASSWORD=vault:secret/data/db#password
DB_PASSWORD=ref+vault://secret/db#/password
DB_PASSWORD=ENC[AES256_GCM,data:abc,type:str]
DB_PASSWORD=arn:aws:secretsmanager:eu-west-1:123456789012:secret:db
DB_PASSWORD=projects/my-project/secrets/db/versions/latest
DB_PASSWORD=op://vault/db/password
DB_PASSWORD=DB_PASSWORD
DB_PASSWORD=********
DB_PASSWORD=REPLACE_ME
DB_PASSWORD=your-password
DB_PASSWORD=TODO
HF_TOKEN=<your-token>
HF_TOKEN=your_token_here
OPENAI_API_KEY=EMPTY
OPENAI_API_KEY=none
OPENAI_API_KEY=dummy
OPENAI_API_KEY=sk-no-key-required
OPENAI_API_KEY=not-needed
OPENAI_API_KEY=sk-xxxxxxxx
WANDB_API_KEY=
WANDB_PROJECT=iris
DATABASE_URL=postgresql://db.example.com:5432/iris
DATABASE_URL=postgresql://iris@db.example.com:5432/iris
DATABASE_URL=postgresql://iris:$(DB_PASSWORD)@db.example.com/iris
DATABASE_URL=postgresql://iris:<password>@db.example.com/iris
MONGO_URL=mongodb://user:${PASSWORD}@mongo:27017
REDIS_URL=redis://redis:6379/0
MLFLOW_TRACKING_URI=http://mlflow:5000
KAFKA=PLAINTEXT://a:9092,PLAINTEXT://b:9092
IMAGE=registry.example.com/iris@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
GIT_SHA=4b825dc642cb6eb9a060e54bf8d69288fbee4904
RUN_ID=0f8fad5b-d9cb-469f-a165-70867728950e
MODEL=sk-learn-model-server-with-a-long-name-v2
DESCRIPTION=The token is read from the file
AUTH_TOKEN=The token is read from a file
CERT=-----BEGIN CERTIFICATE-----
FORWARD_PASS=two
COMPASS=north
OLDPWD=/app
MONKEY=banana
TURKEY=bird
KEYCLOAK_REALM=ml
PASSTHROUGH=tls
SECRETARY=alice
AUTHOR=alice
""".strip().splitlines()

#: Each of these is reported by its name: `NAME=value`.
BY_NAME = """
HF_TOKEN=abcdef
HF_TOKEN=test-token
HUGGING_FACE_HUB_TOKEN=abc123
HUGGINGFACEHUB_API_TOKEN=abc123
WANDB_API_KEY=0123456789abcdef0123456789abcdef01234567
AWS_SECRET_ACCESS_KEY=minio123
AWS_SESSION_TOKEN=FwoGZXIvYXdzEBYaDExample
OPENAI_API_KEY=my-key
VLLM_API_KEY=token-abc123
NGC_API_KEY=abcdefghij
POSTGRES_PASSWORD=postgres
MYSQL_ROOT_PASSWORD=root
MYSQL_PWD=hunter2
PGPASSWORD=hunter2
DB_PASS=hunter2
DB_PASSWORD=changeme
DB_PASSWORD=CHANGE_ME
DB_PASSWORD=change-me-please
DB_PASSWORD=password
DB_PASSWORD=123456
DB_PASSWORD=correct horse battery staple
DB_PASSWORD_1=hunter2
DB_PASSWORD_PROD=hunter2
dbPassword=hunter2
spring.datasource.password=hunter2
GF_SECURITY_ADMIN_PASSWORD=admin
MINIO_ROOT_PASSWORD=minio123
MINIO_SECRET_KEY=minio123
AIRFLOW__CORE__FERNET_KEY=81HqDtbqAywKSOumSha3BhWNOdQ26slT6K0YaZeZyPs=
AIRFLOW__WEBSERVER__SECRET_KEY=temporary_key
DJANGO_SECRET_KEY=insecure
SECRET_KEY=s3cr3t
JWT_SECRET=super-secret-key
CLIENT_SECRET=a-client-secret
clientSecret=abcdef
APP_SECRET=hunter2
SIGNING_KEY=abcdef
ENCRYPTION_KEY=abcdef
API_KEY=abc
apiKey=abc123
X_API_KEY=abc
TOKEN=abc
authToken=abc
GITHUB_TOKEN=abc
SLACK_BOT_TOKEN=abc
AUTH_TOKENS=abc,def
ACCOUNT_KEY=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50u
AZURE_STORAGE_ACCESS_KEY=abc
SSH_KEY=b3BlbnNzaC1rZXktdjEAAAAABG5vbmUA
CREDENTIALS=4f9a8b7c6d5e4f3a2b1c
BASIC_AUTH=admin:hunter2
REDISCLI_AUTH=hunter2
RABBITMQ_ERLANG_COOKIE=abcdef
""".strip().splitlines()

_HEX = "0123456789abcdef"
_MIXED = "Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv1Wx2Yz3"

#: Each of these is reported under any name.
BY_VALUE = [
    "hf_" + _MIXED[:34],
    "ghp_" + _MIXED[:36],
    "github_pat_" + _MIXED[:30],
    "glpat-" + _MIXED[:20],
    "sk-" + _MIXED[:38],
    "sk-proj-" + _MIXED[:30],
    "sk-ant-" + _MIXED[:30],
    "AKIA" + "IOSFODNN7EXAMPLE",
    "ASIA" + "IOSFODNN7EXAMPLE",
    "AIza" + _MIXED[:35],
    "xoxb-" + "123456789012-abcdefABCDEF",
    "https://hooks.slack.com/services/T0001/B0002/" + _MIXED[:24],
    "eyJ" + "hbGciOiJIUzI1NiJ9" + ".eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0" + "." + _MIXED[:32],
    "nvapi-" + _MIXED + _MIXED,
    "npm_" + _MIXED[:36],
    "hvs." + _MIXED,
    "gsk_" + _MIXED + "abcdef",
    "dckr_pat_" + _MIXED[:27],
    "dapi" + _HEX * 2,
    "glsa_" + _MIXED,
    "sk_live_" + _MIXED[:24],
    "-----BEGIN " + "PRIVATE KEY-----\nMIIE",
    "-----BEGIN " + "RSA PRIVATE KEY-----\nMIIE",
    "-----BEGIN " + "OPENSSH PRIVATE KEY-----\nb3Bl",
    "-----BEGIN " + "ENCRYPTED PRIVATE KEY-----\nMIIE",
    "AGE-SECRET-KEY-1" + "A" * 58,
    "postgresql://iris:hunter2@db.example.com:5432/iris",
    "redis://:hunter2@redis:6379/0",
    "amqp://guest:guest@rabbitmq:5672//",
    "mongodb+srv://user:p%40ss@cluster.example.net/db",
    "https://user:hunter2@git.example.com/models.git",
    "https://account.blob.example.com/c?sv=2024&sig=abcDEF123%3D",
    "Server=db;User Id=sa;Password=hunter2;",
    "host=db user=iris password=hunter2 dbname=iris",
    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1",
    "Bearer " + _MIXED,
    "Basic " + base64.b64encode(b"admin:hunter2 and more 12345").decode(),
]


def _split(line: str) -> tuple[str, str]:
    name, _, value = line.partition("=")
    return name, value


@pytest.mark.parametrize("line", NOT_CREDENTIALS)
def test_ordinary_setting_is_not_a_credential(line: str) -> None:
    assert credential(*_split(line)) is None


@pytest.mark.parametrize("line", BY_NAME)
def test_credential_is_found_by_its_name(line: str) -> None:
    assert credential(*_split(line)) == "a literal credential"


@pytest.mark.parametrize("value", BY_VALUE, ids=lambda value: value[:24])
def test_credential_is_found_by_its_value(value: str) -> None:
    description = credential("SETTING", value)
    assert description is not None
    assert description != "a literal credential"


@pytest.mark.parametrize("value", BY_VALUE, ids=lambda value: value[:24])
def test_description_never_contains_the_value(value: str) -> None:
    assert value[-8:] not in (credential("HF_TOKEN", value) or "")


@pytest.mark.parametrize(
    ("command", "index"),
    [
        (["server", "--api-key=hunter2"], 1),
        (["server", "--api-key", "hunter2"], 2),
        (["server", "-token", "hunter2"], 2),
        (["vllm", "serve", "m", "--port", "8000", "--api-key", "s3cr3t"], 6),
        (["env", "HF_TOKEN=abcdef", "python", "serve.py"], 1),
        (["spark-submit", "--conf", "spark.hadoop.fs.s3a.secret.key=minio123"], 2),
        (["java", "-Djavax.net.ssl.trustStorePassword=changeit", "-jar", "app.jar"], 1),
        (["redis-cli", "-a", "hunter2", "ping"], 2),
        (["redis-server", "--requirepass", "hunter2"], 2),
        (["mysqladmin", "-uroot", "-phunter2", "ping"], 2),
        (["/usr/bin/sshpass", "-p", "hunter2", "ssh", "host"], 2),
        (["curl", "-u", "admin:hunter2", "http://x"], 2),
        (["curl", "-H", "Authorization: Bearer " + _MIXED], 2),
        (["git", "clone", "https://user:hunter2@git.example.com/m.git"], 2),
        (["sh", "-c", "export HF_TOKEN=abcdef && python serve.py"], 2),
        (["/bin/bash", "-euxc", "mc alias set s3 http://minio:9000 minio minio123"], 2),
        (["tini", "--", "bash", "-c", "redis-cli -a hunter2 ping"], 4),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else str(value),
)
def test_credential_is_found_on_a_command_line(command: list[str], index: int) -> None:
    assert [position for position, _ in credentials_in_command(command)] == [index]


@pytest.mark.parametrize(
    "command",
    [
        ["vllm", "serve", "--max-tokens", "512", "--tokenizer", "meta/llama", "--api-key", "$(VLLM_API_KEY)"],
        ["server", "--token-file", "/run/secrets/token", "--password-file=/run/secrets/password"],
        ["server", "--api-key", "--verbose"],
        ["server", "-p", "8080"],
        ["server", "--secret-name=database", "--tls-secret", "iris-tls", "--key", "tls.key"],
        ["mysqladmin", "-u", "root", "-p$MYSQL_ROOT_PASSWORD", "ping"],
        ["mysql", "-p", "iris"],
        ["mkdir", "-p", "/models/secrets"],
        ["docker", "run", "-p", "8080"],
        ["sh", "-c", 'redis-cli -a "$REDIS_PASSWORD" ping'],
        ["sh", "-c", "export TOKEN=$(cat /run/secrets/token); HF_TOKEN=`cat /t` python serve.py"],
        ["sh", "-c", "# DB_PASSWORD=hunter2\npython serve.py"],
        ["curl", "-u", "$USER:$PASSWORD", "http://x"],
        ["python", "train.py", "eos_token=</s>", "pad_token=<pad>", "max_tokens=10"],
    ],
    ids=" ".join,
)
def test_command_line_without_a_credential_is_not_reported(command: list[str]) -> None:
    assert list(credentials_in_command(command)) == []


def test_continuation_lines_of_a_script_count_as_lines() -> None:
    script = "set -e\npython serve.py \\\n  --port 8000 \\\n  --workers 2\nexport DB_PASSWORD=hunter2\n"
    assert [line for line, _ in credentials_in_script(script)] == [5]


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("application.properties", "a=1\nspring.datasource.password=hunter2\n", [2]),
        ("settings.env", "# DB_PASSWORD=hunter2\nDB_PASSWORD=hunter2\nDB_PASSWORD=${X}\n", [2]),
        ("config.yaml", "db:\n  user: iris\n  password: hunter2\n  tokenFile: /run/t\n", [3]),
        ("config.yaml", 'db:\n  password: "hunter2" # old\n', [2]),
        ("config.yaml", "password:\n  secretKeyRef: {name: db, key: password}\n", []),
        ("config.yaml", "env:\n  - name: DB_PASSWORD\n    value: hunter2\n  - name: A\n    value: b\n", [3]),
        ("config.yaml", "env:\n  - name: DB_PASSWORD\n    valueFrom: {secretKeyRef: {name: a}}\n", []),
        ("store.yaml", "data:\n  - secretKey: token\n    remoteRef: {key: ml/prod/hf}\n", []),
        ("config.json", '{\n  "apiToken": "hunter2",\n  "maxTokens": 10\n}\n', [2]),
        ("config.json", '{"database": {"password": "hunter2"}}', [1]),
        ("config.json", '{"database": {"password": "${DB_PASSWORD}"}, "n": [1, null]}', []),
        ("config.json", '{"password": ', []),
        ("app.py", 'import os\ntoken = os.environ["TOKEN"]\npassword = get_password()\n', []),
        ("app.py", "api_key = settings.api_key\nsecret = secret\n", []),
        ("app.py", 'password = "hunter2"\n', [1]),
        ("run.sh", "#!/bin/sh\nTOKEN=$(cat /t)\nexport DB_PASSWORD=hunter2\n", [3]),
        ("run", "#!/bin/bash\nmysql -uroot -phunter2 iris\n", [2]),
        ("app.ini", "[db]\npassword = hunter2 ; local\n", [2]),
        ("schema.yaml", "properties:\n  password: string\n  token:\n    type: string\n", []),
        (".npmrc", "//registry.example.com/:_authToken=abc123\n", [1]),
        ("id_rsa", "-----BEGIN " + "OPENSSH PRIVATE KEY-----\nb3Bl\n", [1]),
        ("notes.md", "The password is read from a file.\n\n    token: see the vault\n", []),
        ("nginx.conf", "proxy_set_header Authorization $auth;\nssl_certificate_key /etc/tls.key;\n", []),
        ("prometheus.yml", "bearer_token_file: /var/run/secrets/token\npassword_file: /p\n", []),
    ],
)  # fmt: skip
def test_credentials_are_found_in_a_file(name: str, text: str, lines: list[int]) -> None:
    assert [line for line, _ in credentials_in_file(name, text)] == lines


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("app.py", "connect(host=host, password=password)\n", []),
        ("app.py", 'url = "postgresql://iris:hunter2@db/iris"\n', [1]),
        ("appsettings.json", '{\n  "Main": "Server=db;User=sa;Password=hunter2;"\n}\n', [2]),
    ],
)
def test_connection_strings_are_found_in_a_file(name: str, text: str, lines: list[int]) -> None:
    assert [line for line, _ in credentials_in_file(name, text)] == lines
