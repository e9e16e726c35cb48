// Written by tools/teaching/orders.py, which ran every order: these compute what is asked for.
cnnlab.orders = {
  "03-6": {"orders": ["FCGBEA", "FGCBEA"], "strays": {"D": {"en": "line D leaves out the last place: with lengths of 5 and 3 there are 3 places", "ko": "D는 마지막 자리를 빠뜨립니다. 길이가 5와 3이면 자리는 3곳입니다."}}}
};
