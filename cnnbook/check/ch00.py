"""Check of the template chapter (book/template): copy its shape for a new chapter."""

from cnnbook.check import Wrong, as_number, exercise


@exercise("00-1")
def mean_of_three(answer):
    number = as_number(answer)
    if number == 2 + 4 + 9:
        raise Wrong(
            "that is the sum: divide by how many there are", "이것은 합입니다. 개수로 나눕니다."
        )
    if number != 5:
        raise Wrong("add the three numbers, then divide by 3", "세 수를 더한 다음 3으로 나눕니다.")
