# What depends on what: trainings and recoveries -> executed pages -> the book.
#
#   snakemake                                              this machine, as `make book`
#   snakemake --config profile=real                        another of profiles/*.yaml
#   snakemake --config profile=real apart=true             each training and each page a job
#   snakemake --workflow-profile profiles/cluster          the same on a cluster, see book/scaling.md
#   snakemake results --config profile=real results=table_1     writes tables into results/
#
# What is done is known by files whose names change with parameters, code and sources.

import os
import sys

from mempaper.steps import Plan


os.environ["MEMPAPER_ROOT"] = str(workflow.basedir)


workdir: os.path.join(workflow.basedir, "_build")  # also where a cluster's job starts in there


PLAN = Plan(
    config.get("profile", "laptop"),
    apart=str(config.get("apart", False)).lower() == "true",
    share=config.get("share"),
    recorded=str(config.get("results", "")).split(),
)
PLAN.write()
MEMPAPER = f"{sys.executable} -m mempaper"


rule book:
    input:
        PLAN.markers(),
    localrule: True
    shell:
        f"{MEMPAPER} book --profile {PLAN.profile}"


if PLAN.apart:

    rule page:
        input:
            lambda found: PLAN.of_page(found.page),
        output:
            f"executed/{PLAN.profile}/{{page}}.{{digest,[0-9a-f]+}}.done",
        shell:
            f"{MEMPAPER} notebook execute {{wildcards.page:q}} --profile {PLAN.profile}"

else:

    # On one machine pages share what they import, the cores, and the display of their progress.
    rule pages:
        output:
            PLAN.markers(PLAN.stale),
        threads: workflow.cores
        shell:
            f"{MEMPAPER} notebook execute {' '.join(page.name for page in PLAN.stale)}"
            f" --profile {PLAN.profile}"


rule results:
    input:
        PLAN.markers(PLAN.recordings.values()),


rule record:
    input:
        lambda found: PLAN.of_page(f"results of {found.page}"),
    output:
        touch(f"recorded/{PLAN.profile}/{{page}}.{{digest,[0-9a-f]+}}.done"),
    shell:
        f"{MEMPAPER} notebook record {{wildcards.page:q}} --profile {PLAN.profile}"


rule recover:
    input:
        lambda found: PLAN.of_step(f"recover/{found.step}.done"),
    output:
        "steps/recover/{step}.done",
    shell:
        f"{MEMPAPER} step steps/recover/{{wildcards.step:q}}.json"


rule train:
    input:
        lambda found: PLAN.of_step(f"train/{found.step}.done"),
    output:
        "steps/train/{step}.done",
    threads: lambda found: PLAN.devices(f"train/{found.step}.done")
    resources:
        gpu=lambda found: PLAN.devices(f"train/{found.step}.done"),
    shell:
        f"{MEMPAPER} step steps/train/{{wildcards.step:q}}.json"


rule embed:
    output:
        "steps/embed/{step}.done",
    shell:
        f"{MEMPAPER} step steps/embed/{{wildcards.step:q}}.json"
